/** Ends the thread of the database at a signal, as a fault of memory or of SQLite would. */
const saboteur = `import { Worker } from 'node:worker_threads'
  const { on } = Worker.prototype
  Worker.prototype.on = function (...args) {
    process.once('SIGUSR2', () => void this.terminate())
    Worker.prototype.on = on
    return on.apply(this, args)
  }`

/** Words for Node.js, by which the program it runs loses its database at SIGUSR2. */
export const endStoreAtSignal = [
  '--import',
  `data:text/javascript,${encodeURIComponent(saboteur)}`,
] as const
