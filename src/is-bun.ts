/** Whether the runtime is Bun, which has a version of Node.js as well. */
export const isBun = process.versions['bun'] !== undefined
