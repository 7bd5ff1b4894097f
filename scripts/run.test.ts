import assert from 'node:assert/strict'
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { runProgramSync } from '../src/program.fixture.ts'

const firstLine = 'postern: installing what is needed (once; about 400 MB in node_modules) …\n'
const compiled = 'NODE_COMPILE_CACHE'

/** A checkout where nothing is installed, and an npm that says this and fails. */
function checkout(t: TestContext, npmSays: string): { run: (nodeVersion?: string) => Outcome } {
  const root = mkdtempSync(join(tmpdir(), 'run-test-'))
  t.after(() => rmSync(root, { recursive: true }))
  mkdirSync(join(root, 'scripts'))
  const runner = join(root, 'scripts', 'run.mjs')
  copyFileSync(join(import.meta.dirname, 'run.mjs'), runner)
  writeFileSync(join(root, 'package-lock.json'), '{"packages":{}}')
  const npm = join(root, 'npm.mjs')
  writeFileSync(npm, `process.stderr.write(${JSON.stringify(npmSays)}); process.exitCode = 1`)
  return {
    run(nodeVersion = process.versions.node) {
      const versions = JSON.stringify({ ...process.versions, node: nodeVersion })
      const pretend = `Object.defineProperty(process, 'versions', { value: ${versions} })`
      const preload = `data:text/javascript,${encodeURIComponent(pretend)}`
      const args = ['--import', preload, runner, 'start']
      const { status, stderr } = runProgramSync(process.execPath, args, {
        env: { npm_execpath: npm },
      })
      return { status, stderr }
    },
  }
}

interface Outcome {
  readonly status: number | null
  readonly stderr: string
}

/**
 * A checkout where everything is installed, and a runtime that ends with this exit code at once and says
 * on stdout where it would keep what it compiles, and what was built for the tests to start.
 */
function installed(
  t: TestContext,
): (exitCode: number, ...args: string[]) => Outcome & { readonly stdout: string } {
  const root = mkdtempSync(join(tmpdir(), 'run-test-'))
  t.after(() => rmSync(root, { recursive: true }))
  const runtime = join(root, 'node_modules', 'node', 'bin')
  for (const folder of [runtime, join(root, 'scripts')]) mkdirSync(folder, { recursive: true })
  const runner = join(root, 'scripts', 'run.mjs')
  copyFileSync(join(import.meta.dirname, 'run.mjs'), runner)
  for (const lock of ['package-lock.json', join('node_modules', '.package-lock.json')]) {
    writeFileSync(join(root, lock), '{"packages":{}}')
  }
  const script = `#!/bin/sh
case "$1" in
  */build-program.mjs) mkdir -p "$2" && : >"$2/postern.js" ;;
  */all-tests.ts) echo src/address.test.ts ;;
  --test) printf '%s\\n' "$NODE_COMPILE_CACHE" "$POSTERN_BUILT"; exit "$ENDS" ;;
esac
`
  writeFileSync(join(runtime, 'node'), script, { mode: 0o755 })
  return (exitCode, ...args) => {
    const env = { ENDS: String(exitCode) }
    const { status, stdout, stderr } = runProgramSync(process.execPath, [runner, 'test', ...args], {
      env,
    })
    return { status, stdout, stderr }
  }
}

test(
  'all tests begin with how long they take: as usual, or as the last time here',
  { skip: process.platform === 'win32' && 'needs /bin/sh' },
  (t) => {
    const run = installed(t)
    const usual = /^postern: all tests: about \d+ minutes on 2 cores, fewer where .+\n$/
    assert.match(run(1).stderr, usual)
    // One that failed may have ended early: it says nothing about the next.
    assert.match(run(0).stderr, usual)
    const took = 'postern: all tests: took 0 min 1 s here the last time\n'
    assert.equal(run(0).stderr, took)
    assert.equal(run(0, 'src/address.test.ts').stderr, '')
  },
)

test(
  'every process of the tests finds what Node.js has compiled for another, and the program that was built',
  { skip: process.platform === 'win32' && 'needs /bin/sh' },
  (t) => {
    const given = process.env[compiled]
    t.after(() => {
      delete process.env[compiled]
      if (given !== undefined) process.env[compiled] = given
    })
    delete process.env[compiled]
    const [folder = '', built] = installed(t)(0).stdout.split('\n')
    assert.match(folder, /^\/.*\/node_modules\/\.cache\/postern\/compiled$/)
    assert.equal(built, join(folder, '..', 'tested', 'postern.js'))
    // Where the runner says, and so do the programs that tests start.
    process.env[compiled] = folder
    assert.equal(installed(t)(0).stdout.split('\n')[0], folder)
  },
)

test('without a network the first install ends with one sentence', (t) => {
  for (const code of ['ENOTFOUND', 'EAI_AGAIN', 'ECONNREFUSED', 'ETIMEDOUT']) {
    const { run } = checkout(t, `npm error code ${code}\nnpm error request to … failed\n`)
    const sentence =
      'postern: error: cannot reach the npm registry, which the first run needs: connect to the network and run this again\n'
    assert.deepEqual(run(), { status: 1, stderr: firstLine + sentence })
  }
})

test('another failure of npm is told in its own words and one sentence', (t) => {
  const { run } = checkout(t, 'npm error code ENOSPC\n')
  assert.deepEqual(run(), {
    status: 1,
    stderr: `${firstLine}npm error code ENOSPC\npostern: error: "npm ci" failed: its own words are above\n`,
  })
})

test('an old Node is told the version that is needed, before anything is installed', (t) => {
  const { run } = checkout(t, '')
  assert.deepEqual(run('18.19.1'), {
    status: 1,
    stderr:
      "postern: error: Node.js 18.19.1 is too old to install Postern's own: use version 20 or newer\n",
  })
})

test('a runtime that another has put in its place is removed before it runs', (t) => {
  const root = mkdtempSync(join(tmpdir(), 'run-test-'))
  t.after(() => rmSync(root, { recursive: true }))
  for (const folder of ['scripts/supply-chain', 'packaging'])
    mkdirSync(join(root, folder), { recursive: true })
  const files = ['scripts/run.mjs', 'scripts/supply-chain/executables.mjs']
  for (const file of [...files, 'packaging/executables.json', 'package.json'])
    copyFileSync(join(import.meta.dirname, '..', file), join(root, file))
  writeFileSync(join(root, 'package-lock.json'), '{"packages":{}}')
  const runtime = join(root, 'node_modules', 'node', 'bin', 'node')
  const ran = join(root, 'ran')
  const npm = join(root, 'npm.mjs')
  writeFileSync(
    npm,
    `import { mkdirSync, writeFileSync } from 'node:fs'
mkdirSync(${JSON.stringify(join(runtime, '..'))}, { recursive: true })
writeFileSync(${JSON.stringify(runtime)}, '#!/bin/sh\\n: >${ran}\\n', { mode: 0o755 })`,
  )
  const runner = join(root, 'scripts', 'run.mjs')
  const { status, stderr } = runProgramSync(process.execPath, [runner, 'start'], {
    env: { npm_execpath: npm },
  })
  assert.equal(status, 1)
  assert.match(stderr, /^postern: error: ".+" is not that of node-.+; it is removed$/m)
  assert.ok(!existsSync(runtime) && !existsSync(ran))
})
