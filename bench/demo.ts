process.stdout.write("");
export {};
