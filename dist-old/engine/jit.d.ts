/** How V8 is to compile the packet path. To be called before the first packet. */
export declare function tuneJit(): void;
