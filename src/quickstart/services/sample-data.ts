/** What a newcomer's first query finds, in SQL. */
export const sampleData = `
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

/** Whom people sign in to the database as; its own check is none, since the gateway has made one. */
export const sampleUser = 'demo'
