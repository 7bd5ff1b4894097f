// The thread of the database. It is loaded by its file, and by nobody's import; `remote-store.ts` asks it.
import { parentPort, workerData } from 'node:worker_threads'
import { serveStore } from './remote-calls.ts'
import { openDatabaseHere } from './sqlite-database.ts'
import type { DatabasePlace } from './sqlite.ts'

const { path, secrets } = workerData as DatabasePlace
if (parentPort !== null) await serveStore(parentPort, () => openDatabaseHere(path, secrets))
