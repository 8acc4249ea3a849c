export {};
//# sourceMappingURL=subnet.js.map