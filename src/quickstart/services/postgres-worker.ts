import { parentPort } from 'node:worker_threads'
import { PGlite } from '@electric-sql/pglite'
import { PGLiteSocketServer } from '@electric-sql/pglite-socket'
import { sampleData } from './sample-data.ts'

/** Connections that share the one database session PGlite has. */
const maxConnections = 20

// Its own thread, so that a long query never keeps the process from ending with its parent.
const database = await PGlite.create('memory://')
await database.exec(sampleData)
const server = new PGLiteSocketServer({ db: database, host: '127.0.0.1', port: 0, maxConnections })
await server.start()
parentPort?.postMessage(Number(server.getServerConn().split(':').at(-1)))
