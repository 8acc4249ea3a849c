/** Randomness for seeds and for what nobody may guess: source ports (RFC 6056), and which entry makes room. A source is a function that answers an int32. */
export type RandomInt32 = () => number;
/** Cryptographically strong, a block at a time: a call costs some nanoseconds and allocates nothing. */
export declare function secureRandom(): RandomInt32;
/** 0..n-1, for n up to 2^16, evenly enough for what is picked. */
export declare function below(random: RandomInt32, n: number): number;
/** 0..n-1, for n up to 2^20. */
export declare function belowMany(random: RandomInt32, n: number): number;
