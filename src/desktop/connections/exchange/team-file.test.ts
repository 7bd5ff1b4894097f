import assert from 'node:assert/strict'
import { resolve } from 'node:path'
import { describe, test } from 'node:test'
import { ConfigError, formatProblem } from '../../../errors.ts'
import { parseTeamFile } from './team-file.ts'

const path = resolve('/srv/team/postern/team.yaml')

async function problemsOf(text: string): Promise<readonly string[]> {
  try {
    await parseTeamFile(path, text, 'team.yaml')
    return []
  } catch (error) {
    assert.ok(error instanceof ConfigError)
    return error.problems.map(formatProblem)
  }
}

describe("a team's file", () => {
  test('has paths that begin at its folder', async () => {
    const { connections } = await parseTeamFile(
      path,
      `connections:
  - name: db
    destination: db.corp:5432
    listen: unix:run/db.sock
    ca_file: ../ca.pem
    client_cert_file: certs/me.pem
    client_key_file: /etc/me.key
`,
    )
    const [db] = connections
    assert.equal(db?.listen, `unix:${resolve('/srv/team/postern/run/db.sock')}`)
    assert.equal(db.ca_file, resolve('/srv/team/ca.pem'))
    assert.equal(db.client_cert_file, resolve('/srv/team/postern/certs/me.pem'))
    assert.equal(db.client_key_file, resolve('/etc/me.key'))
  })

  test('names every fault at file:line:column', async () => {
    const text = `connections:
  - &db
    name: db
    destination: db.corp:5432
    listen: 5432
  - name: DB
    destination: db.corp:5433
    listen: localhost:5432
  - name: cache
    destination: cache.corp:6379
    listen: :5432
    ca_file: ~/ca.pem
`
    assert.deepEqual(await problemsOf(text), [
      'team.yaml:6:11: connections[1].name: "DB" is the name of another connection',
      'team.yaml:8:13: connections[1].listen: "localhost:5432" is the local address of "db"\n  hint: choose another port, or leave it out',
      'team.yaml:11:13: connections[2].listen: ":5432" is the local address of "db"\n  hint: choose another port, or leave it out',
      'team.yaml:12:14: connections[2].ca_file: "~" is not expanded: write the folder out',
    ])
    assert.deepEqual((await problemsOf(text.replace('db.corp:5432', 'db.corp'))).slice(0, 2), [
      'team.yaml:4:18: connections[0].destination: "db.corp" is not a destination\n  hint: the port is missing: write "db.corp:PORT", the port of the route',
      'team.yaml:6:11: connections[1].name: "DB" is the name of another connection',
    ])
  })

  test('may be what Pomerium Desktop exports', async () => {
    const conn = { name: 'dns', protocol: 'UDP', remoteAddr: 'dns.corp:53', colour: 'red' }
    const team = await parseTeamFile(path, JSON.stringify({ records: [{ conn }] }))
    assert.deepEqual(
      team.connections.map(({ name, protocol }) => [name, protocol]),
      [['dns', 'udp']],
    )
    assert.deepEqual(team.unknownFields, ['records[0].conn.colour (line 1)'])
  })
})
