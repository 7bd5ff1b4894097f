import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { keepRoutes } from '../../client/gateways/kept-routes.ts'
import { runProgramSync } from '../../program.fixture.ts'

const directory = mkdtempSync(join(tmpdir(), 'postern-names-'))
after(() => rmSync(directory, { recursive: true }))
const [config, cache] = [join(directory, 'config'), join(directory, 'cache')]
mkdirSync(join(config, 'postern'), { recursive: true })
const file = join(config, 'postern', 'gateways.json')
const origin = 'https://gateway.example.com'

test('a key that is pressed offers the gateways and routes that were seen last', async () => {
  const gateway = { name: 'work', url: origin, knownNames: [] }
  writeFileSync(file, JSON.stringify({ version: 1, default: 'work', gateways: [gateway] }))
  const route = {
    id: 'r1',
    type: 'tcp',
    from: 'tcp+https://db.example.com:5432',
    description: '',
    connectCommand: '',
  }
  // What a gateway may not do is to name a route so that it becomes an option.
  const routes = ['db', '--ca-file=/tmp/theirs.pem', ''].map((name) => ({ ...route, name }))
  await keepRoutes(join(cache, 'postern'), origin, { routes, closed: [] })
  assert.equal(suggested('tcp', '--gateway'), `words\nwork\t${origin}\n`)
  assert.equal(suggested('tcp'), `words\ndb\t${route.from}\n`)
})

test('it neither tells of a damaged file nor sets it aside', () => {
  writeFileSync(file, '{')
  assert.equal(suggested('tcp', '--gateway'), 'words\n')
  assert.equal(readFileSync(file, 'utf8'), '{')
  assert.deepEqual(readdirSync(join(config, 'postern')), ['gateways.json'])
})

function suggested(...words: readonly string[]): string {
  const program = join(import.meta.dirname, '..', 'main.ts')
  const args = [program, 'completion', 'words', '--current=', '--', ...words]
  const env = { XDG_CONFIG_HOME: config, XDG_CACHE_HOME: cache }
  const { status, stdout, stderr } = runProgramSync(process.execPath, args, { env })
  assert.deepEqual({ status, stderr }, { status: 0, stderr: '' })
  return stdout
}
