import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { testCaller } from '../gateway/gateway.fixture.ts'
import { testApiParts } from './api/api.fixture.ts'
import { pageHeaders } from './built-page.ts'
import { loadPages } from './pages.ts'

const { client } = testCaller()
const origin = 'https://gate.example.com'
const root = await mkdtemp(join(tmpdir(), 'console-test-'))
const built = join(root, 'built')

before(async () => {
  await mkdir(join(built, 'assets'), { recursive: true })
  await writeFile(join(built, 'index.html'), '<!doctype html>')
  await writeFile(join(built, 'assets', 'index-1a2b.js'), 'let console')
})
after(() => rm(root, { recursive: true }))

interface Options {
  readonly origin?: URL | undefined
  readonly directory?: string
}

/** The console as a function of requests; whatever it passes on is answered 404. */
async function openConsole(options: Options = {}) {
  const warnings: string[] = []
  const silent = { debug() {}, info() {}, error() {} }
  const directory = options.directory ?? built
  const create = await loadPages({ portal: built, console: directory })
  const { app } = create({
    ...testApiParts(),
    logger: { ...silent, warn: (message) => void warnings.push(message) },
    origin: 'origin' in options ? options.origin : new URL(origin),
  })
  const get = async (path: string, base = origin): Promise<Response> =>
    app.fetch(new Request(`${base}${path}`), { requestId: 'r', client })
  return { get, warnings }
}

const paths = ['/console', '/console/', '/console/tunnels', '/console/people/ada%40example.com']

describe('the console', () => {
  test('its page is shown at every place below its path, never kept, under the strict policy', async () => {
    const { get } = await openConsole()
    for (const path of paths) {
      const answer = await get(path)
      assert.equal(answer.status, 200, path)
      assert.equal(await answer.text(), '<!doctype html>')
      assert.equal(answer.headers.get('cache-control'), 'no-store')
      for (const [name, value] of Object.entries(pageHeaders))
        assert.equal(answer.headers.get(name), value)
    }
    assert.equal(await (await get('/.postern/console/assets/index-1a2b.js')).text(), 'let console')
    for (const path of ['/consoles', '/.postern/console/', '/.postern/console/../secret.js'])
      assert.equal((await get(path)).status, 404, path)
  })

  test('under another name, and where nobody can sign in, there is none', async () => {
    const named = await openConsole()
    const open = await openConsole({ origin: undefined })
    for (const path of [...paths, '/.postern/console/assets/index-1a2b.js']) {
      assert.equal((await named.get(path, 'https://db.example.com')).status, 404, path)
      assert.equal((await open.get(path)).status, 404, path)
    }
  })

  test('without a build there is none, and the log says so; the portal is there all the same', async () => {
    const { get, warnings } = await openConsole({ directory: join(root, 'nothing') })
    assert.equal((await get('/console/')).status, 404)
    assert.equal((await get('/')).status, 200)
    assert.deepEqual(warnings, ['the console is not built'])
  })
})
