/**
 * A row as it was read. Its revision is another one after each write, and greater than that of every write
 * before, on whichever gateway; who writes it back names the one it has read.
 */
export type Stored<Row> = Row & { readonly revision: number }
