/** Whether the runtime is Bun, which has a version of Node.js as well. */
export const isBun = process.versions['bun'] !== undefined

/** Whether the program and its runtime are one file, `process.execPath`. */
export const isExecutable =
  isBun && Reflect.get(Reflect.get(globalThis, 'Bun') as object, 'isStandaloneExecutable') === true
