import assert from 'node:assert/strict'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test, type TestContext } from 'node:test'
import { startFakeGateway } from '../../src/reach/fake-gateway.fixture.ts'
import { runProgram, type ProgramOptions } from '../../src/program.fixture.ts'
import { builtExecutable } from './executable.fixture.ts'

const program = builtExecutable()

describe('an executable in a folder of somebody else', () => {
  test('runs nothing that is named there', async (t) => {
    const { folder, ran } = hostileFolder(t)
    const options = { cwd: folder, env: { HOME: folder, XDG_CONFIG_HOME: folder } }
    const version = await runProgram(program, ['--version'], options)
    assert.deepEqual([version.code, version.stdout], [0, 'postern 0.1.0\n'], version.stderr)
    assert.equal((await runProgram(program, ['tcp', '--help'], options)).code, 0)
    assert.equal(existsSync(ran), false)
  })

  test('takes neither proxies nor less than the right certificate from there', async (t) => {
    let asked = 0
    const proxy = createServer((socket) => {
      asked += 1
      socket.destroy()
    }).listen(0, '127.0.0.1')
    t.after(() => proxy.close())
    await once(proxy, 'listening')
    const { port } = proxy.address() as AddressInfo
    const { folder } = hostileFolder(t, [`HTTPS_PROXY=http://127.0.0.1:${port}`])
    await using gateway = await startFakeGateway({ isPublic: true })
    const { code, stderr } = await reach(gateway.origin, { cwd: folder })
    assert.equal(code, 7, stderr)
    assert.match(stderr, /certificate/)
    assert.deepEqual([asked, gateway.connects], [0, []])
  })
})

test('no variable of Node.js has certificates go unverified, nor runs code', async (t) => {
  const { folder, ran } = hostileFolder(t)
  await using gateway = await startFakeGateway({ isPublic: true })
  const evil = join(folder, 'evil.cjs')
  const env = { NODE_TLS_REJECT_UNAUTHORIZED: '0', NODE_OPTIONS: `--require ${evil}` }
  const { code, stderr } = await reach(gateway.origin, { cwd: folder, env })
  assert.equal(code, 7, stderr)
  assert.match(stderr, /certificate/)
  assert.deepEqual(gateway.connects, [])
  assert.equal(existsSync(ran), false)
})

/** Everything by which Bun and Node.js take code or settings from a folder. */
function hostileFolder(t: TestContext, variables: readonly string[] = []) {
  const folder = mkdtempSync(join(tmpdir(), 'postern-hostile-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const ran = join(folder, 'ran')
  const evil = `require('node:fs').writeFileSync(${JSON.stringify(ran)}, '')\n`
  const preload = 'preload = ["./evil.cjs"]\n[run]\npreload = ["./evil.cjs"]\n'
  const paths = { '*': ['./evil.cjs'], 'node:*': ['./evil.cjs'] }
  const files = {
    'evil.cjs': evil,
    'bunfig.toml': preload,
    '.bunfig.toml': preload,
    '.env': [...variables, 'NODE_TLS_REJECT_UNAUTHORIZED=0', ''].join('\n'),
    'tsconfig.json': JSON.stringify({ compilerOptions: { paths } }),
    'package.json': JSON.stringify({ main: 'evil.cjs', imports: { '#*': './evil.cjs' } }),
  }
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
  return { folder, ran }
}

/** A tunnel over a gateway whose certificate nobody here knows. */
function reach(gateway: string, options: ProgramOptions) {
  const { stdio: _, ...more } = options
  return runProgram(program, ['tcp', '--gateway', gateway, '--listen', '-', 'a:1'], more)
}
