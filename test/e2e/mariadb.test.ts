import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe } from 'node:test'
import { mustRun } from './child.ts'
import { peerTest, program } from './peers.ts'
import { startMariadb } from './peers/mariadb.ts'
import { personAt } from './person.ts'
import { alice, route, startRig } from './rig.ts'

const target = 'shop.example.com:3306'
const rows = 20_000

describe('MariaDB through the gateway', () => {
  peerTest('its client creates, inserts and gets back the same', ['MariaDB'], async (scope) => {
    const rig = await startRig(scope, [route(target, await startMariadb(scope))])
    const person = await personAt(scope, rig, alice)
    const { port } = await person.listen(target)
    // The server speaks first, and the client would rather use TLS, which this server lacks.
    const options = ['--no-defaults', '--skip-ssl', '-h', '127.0.0.1', '-P', String(port)]
    const args = [...options, '-u', 'root', '--batch', '--skip-column-names']
    const sql = async (input: string): Promise<string> =>
      (await mustRun(scope, program('mariadb'), args, { ...person, input })).output

    const values = Array.from({ length: rows }, (_, index) => `row ${index}`)
    const tuples = values.map((value, index) => `(${index}, '${value}')`).join(',\n')
    await sql(`CREATE DATABASE shop;
      CREATE TABLE shop.rows (id int PRIMARY KEY, value varchar(40) NOT NULL);
      INSERT INTO shop.rows VALUES ${tuples};`)
    const selected = await sql('SELECT value FROM shop.rows ORDER BY id')
    assert.equal(selected, `${values.join('\n')}\n`)
    const digest = await sql(`SET SESSION group_concat_max_len = 10000000;
      SELECT md5(group_concat(value ORDER BY id SEPARATOR ',')) FROM shop.rows`)
    assert.equal(digest.trim(), createHash('md5').update(values.join(',')).digest('hex'))
  })
})
