import { parentPort } from 'node:worker_threads'
import { PGlite } from '@electric-sql/pglite'
import { PGLiteSocketServer } from '@electric-sql/pglite-socket'

/** Connections that share the one database session PGlite has. */
const maxConnections = 20

const sampleData = `
  create table customers (
    id integer generated always as identity primary key,
    name text not null,
    city text not null
  );
  create table orders (
    id integer generated always as identity primary key,
    customer_id integer not null references customers (id),
    item text not null,
    amount numeric(8, 2) not null,
    ordered_on date not null
  );
  insert into customers (name, city) values
    ('Ada', 'London'), ('Grace', 'New York'), ('Edsger', 'Rotterdam'), ('Barbara', 'Los Angeles');
  insert into orders (customer_id, item, amount, ordered_on) values
    (1, 'engine, analytical', 1843.00, '2026-01-12'), (2, 'nanoseconds, 30 cm', 11.80, '2026-01-30'),
    (3, 'path, shortest', 59.00, '2026-02-11'), (4, 'abstraction, data', 74.00, '2026-02-28'),
    (2, 'moth, in a log book', 9.47, '2026-03-02');
`

// Its own thread, so that a long query never keeps the process from ending with its parent.
const database = await PGlite.create('memory://')
await database.exec(sampleData)
const server = new PGLiteSocketServer({ db: database, host: '127.0.0.1', port: 0, maxConnections })
await server.start()
parentPort?.postMessage(Number(server.getServerConn().split(':').at(-1)))
