/** Where there is no `file` yet, what version 0.1.0 left becomes it: its format is the same. */
export declare function adoptFormerState(file: string): void;
