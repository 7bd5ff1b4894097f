import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { describe, test } from 'node:test'
import { ConfigError, formatProblem } from '../../../errors.ts'
import { connectionSettings } from '../../wire/connection.ts'
import { checkConnection } from '../check-connection.ts'
import { parseTeamFile } from './team-file.ts'

const page = await readFile(join(import.meta.dirname, '../../../../docs/desktop.md'), 'utf8')
const [, yaml = ''] = /```yaml\n(.*?)```/s.exec(page) ?? []

describe("the page about a team's file", () => {
  test('has one that comes up as it stands', async () => {
    const { connections } = await parseTeamFile(resolve('/team/team.yaml'), yaml)
    assert.deepEqual(
      connections.map(({ name, listen, ca_file: ca }) => [name, listen, ca]),
      [
        ['orders db', undefined, undefined],
        ['build machine', '127.0.0.1:2222', undefined],
        ['lab cache', undefined, resolve('/team/certs/lab-ca.pem')],
      ],
    )
    for (const one of connections) {
      const { destination, unsupported } = checkConnection(one).checked ?? {}
      assert.deepEqual([destination === undefined, unsupported], [false, undefined])
    }
  })

  test('says what each key is for, and names no other', () => {
    const [, table = ''] = /\n\| key(.*?)\n\n/s.exec(page) ?? []
    const cells = table.split('\n').map((row) => row.split('|')[1] ?? '')
    const named = cells.flatMap((cell) => Array.from(cell.matchAll(/`(\w+)`/g), ([, key]) => key))
    assert.deepEqual(new Set(named), new Set(Object.keys(connectionSettings.shape)))
    assert.equal(new Set(named).size, named.length)
  })

  test('shows a fault as it is told', async () => {
    const broken = yaml.replace('build.corp.example.com:22', 'build.corp.example.com')
    await assert.rejects(parseTeamFile('/team/team.yaml', broken, 'team.yaml'), (error) => {
      assert.ok(error instanceof ConfigError)
      assert.ok(page.includes(error.problems.map(formatProblem).join('\n')), error.message)
      return true
    })
  })
})
