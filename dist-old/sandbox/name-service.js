export {};
//# sourceMappingURL=name-service.js.map