/** What the model needs of the dataplane (`control/controller.ts` has it) and of the host. */
export {};
//# sourceMappingURL=mechanism.js.map