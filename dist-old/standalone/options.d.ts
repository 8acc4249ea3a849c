/** What the parsing of options has in common. */
import { TsproxyError } from "../errors.js";
export declare function invalid(message: string, hint: string): TsproxyError;
/** A decimal integer in `min`..`max`; `option` names it in the error. */
export declare function parseInteger(option: string, text: string, min: number, max: number): number;
