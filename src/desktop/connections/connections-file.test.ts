import assert from 'node:assert/strict'
import { chmod, mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { savedConnection, type SavedConnection } from '../wire/connection.ts'
import { openConnectionsFile } from './connections-file.ts'

const db = savedConnection.parse({ id: 'a1', name: 'db', destination: 'db.corp:5432' })

describe('the file of connections', () => {
  let directory: string
  before(async () => (directory = await mkdtemp(join(tmpdir(), 'postern-'))))
  after(() => rm(directory, { recursive: true }))

  test('keeps what was written, for its owner alone', async () => {
    const path = join(directory, 'new', 'connections.json')
    const file = openConnectionsFile(path)
    assert.deepEqual(await file.read(), { connections: [] })
    await file.write([db])
    assert.equal((await stat(path)).mode & 0o777, 0o600)
    assert.deepEqual(await openConnectionsFile(path).read(), { connections: [db] })
  })

  test('one that is damaged is set aside, and its bytes stay', async () => {
    const faulty: readonly string[] = [
      '{ "version": 1, "connections": [',
      '{ "version": 1, "connections": [{ "id": "x", "name": "n" }] }',
      JSON.stringify({ version: 1, connections: [db, db] }),
      '\u0000\u0001',
      '',
    ]
    for (const [index, content] of faulty.entries()) {
      const path = join(directory, `damaged-${index}.json`)
      await writeFile(path, content)
      const file = openConnectionsFile(path, () => Date.UTC(2026, 0, 1) + index)
      const { connections, damaged } = await file.read()
      assert.deepEqual(connections, [])
      assert.equal(await readFile(damaged?.path ?? '', 'utf8'), content)
      await file.write([db])
      assert.equal(await readFile(damaged?.path ?? '', 'utf8'), content)
    }
  })

  test('one of a later release is left where it is', async () => {
    const path = join(directory, 'later.json')
    await writeFile(path, '{"version": 2, "connections": {}}')
    await assert.rejects(openConnectionsFile(path).read(), { code: 'connections-unreadable' })
    assert.equal(await readFile(path, 'utf8'), '{"version": 2, "connections": {}}')
  })

  test('what somebody else has written meanwhile is not written over', async () => {
    const path = join(directory, 'shared.json')
    const file = openConnectionsFile(path)
    await file.read()
    await file.write([db])
    const other: SavedConnection = { ...db, name: 'other' }
    await openConnectionsFile(path)
      .read()
      .then(() => writeFile(path, JSON.stringify({ version: 1, connections: [other] })))
    await assert.rejects(file.write([]), { code: 'connections-changed' })
    assert.deepEqual((await file.read()).connections, [other])
    await file.write([])
    assert.deepEqual((await file.read()).connections, [])
  })

  test(
    'where it cannot be written nothing is left behind',
    { skip: process.getuid?.() === 0 && 'root may write everywhere' },
    async () => {
      const closed = await mkdtemp(join(directory, 'closed-'))
      const file = openConnectionsFile(join(closed, 'connections.json'))
      await file.read()
      await chmod(closed, 0o500)
      await assert.rejects(file.write([db]), { code: 'connections-unwritable' })
      assert.deepEqual(await readdir(closed), [])
    },
  )
})
