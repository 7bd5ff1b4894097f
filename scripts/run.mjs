// Runs `npm start` and `npm test` on whatever Node.js the machine has: installs what package-lock.json
// names when it is not there yet, then hands over to the pinned runtime in node_modules. Plain
// JavaScript without dependencies, since it runs before anything is installed.
import { spawn, spawnSync } from 'node:child_process'
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const oldestNode = 20
const runtime = join(
  root,
  'node_modules',
  'node',
  'bin',
  process.platform === 'win32' ? 'node.exe' : 'node',
)

const commands = {
  start: (args) => [join('src', 'cli', 'main.ts'), 'demo', ...args],
  test: (args) => [
    '--test',
    // As many as the cores of CI: a third may take from tests with real peers what these have for a check or a handshake.
    '--test-concurrency=2',
    // No wait is without a limit: a test that hangs fails instead.
    '--test-timeout=600000',
    // Of all tests those files that took longest: so it is seen when one grows.
    ...(args.length === 0 ? reporters('spec', join(root, 'scripts', 'slowest-files.ts')) : []),
    ...options(args),
    ...(patterns(args).length > 0 ? patterns(args) : allTests()),
  ],
}

const cache = join(root, 'node_modules', '.cache', 'postern')
/** How long the last run of all tests on this machine took, in seconds. */
const tookFile = join(cache, 'test-seconds')
/**
 * Where Node.js keeps what it made of the sources. The tests start a thousand processes, each of which
 * would read the types out of the same hundreds of files and compile them anew.
 */
const compiled = join(cache, 'compiled')
/** What it takes on two cores with every peer, measured in CI. */
const usualMinutes = 44

await main(process.argv[2], process.argv.slice(3))

async function main(name, args) {
  if (Number(process.versions.node.split('.')[0]) < oldestNode) {
    fail(
      `Node.js ${process.versions.node} is too old to install Postern's own: use version ${oldestNode} or newer`,
    )
  }
  if (!isInstalled()) await install()
  buildPages(name)
  const env =
    name === 'test'
      ? { NODE_COMPILE_CACHE: compiled, POSTERN_BUILT: buildTested(), ...process.env }
      : process.env
  const isWhole = name === 'test' && args.length === 0
  if (isWhole) say(`all tests: ${howLong()}`)
  const startedMs = Date.now()
  const child = spawn(runtime, commands[name](args), {
    cwd: root,
    env,
    // By the channel the quickstart learns that this process is gone, whatever ended it.
    stdio: ['inherit', 'inherit', 'inherit', ...(name === 'start' ? ['ipc'] : [])],
  })
  // The terminal sends Ctrl-C to the child as well; this process only waits for it.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => {
      if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal)
    })
  }
  child.on('error', (error) => fail(`cannot run "${runtime}": ${error.message}`))
  child.on('close', (code, signal) => {
    process.exitCode = signal ? 1 : code
    if (isWhole && code === 0) remember(Math.ceil((Date.now() - startedMs) / 1_000))
  })
}

/** How long all tests take: what they took here, or what they usually take. */
function howLong() {
  let seconds
  try {
    seconds = Number(readFileSync(tookFile, 'utf8'))
  } catch {}
  if (!(seconds > 0)) {
    return `about ${usualMinutes} minutes on 2 cores, fewer where a peer is not installed`
  }
  return `took ${Math.floor(seconds / 60)} min ${seconds % 60} s here the last time`
}

function remember(seconds) {
  try {
    mkdirSync(dirname(tookFile), { recursive: true })
    writeFileSync(tookFile, String(seconds))
  } catch {}
}

/**
 * The gateway serves the browser's pages from their build. Without one a plain page stands in: enough to
 * start with, and nothing to test.
 */
function buildPages(name) {
  const builder = join(root, 'scripts', 'build-web.mjs')
  const { status } = spawnSync(runtime, [builder, '--if-stale'], { cwd: root, stdio: 'inherit' })
  if (status === 0) return
  if (name === 'test') fail('cannot build the pages of src/web')
  say('cannot build the pages of src/web: the gateway shows plain ones')
}

/** The program that the tests start, built of these sources with the pages; its path. */
function buildTested() {
  const outdir = join(cache, 'tested')
  const builder = join(root, 'scripts', 'build-program.mjs')
  const { status, stderr } = spawnSync(runtime, [builder, outdir], { cwd: root, encoding: 'utf8' })
  if (status !== 0) fail(`cannot build the program:\n${stderr}`)
  // Without it Node.js would read each file twice, to find out what it is.
  writeFileSync(join(outdir, 'package.json'), '{ "type": "module" }\n')
  const web = join(outdir, 'web')
  if (!lstatSync(web, { throwIfNoEntry: false }))
    symlinkSync(join(root, 'dist', 'web'), web, 'junction')
  // As the program sees itself, also where node_modules is a link.
  return realpathSync(join(outdir, 'postern.js'))
}

/** What a whole run runs: files, and batches of those that are small. */
function allTests() {
  const lister = join(root, 'scripts', 'all-tests.ts')
  const args = [lister, join(cache, 'batches')]
  const { status, stdout, stderr } = spawnSync(runtime, args, { cwd: root, encoding: 'utf8' })
  if (status !== 0) fail(`cannot find the tests:\n${stderr}`)
  return stdout.trim().split('\n')
}

/** Whether node_modules holds every package of package-lock.json that is not optional, in its version. */
function isInstalled() {
  if (!existsSync(runtime)) return false
  try {
    const wanted = readLock('package-lock.json')
    const found = readLock(join('node_modules', '.package-lock.json'))
    return Object.entries(wanted).every(
      ([path, { version, optional }]) =>
        path === '' || optional || found[path]?.version === version,
    )
  } catch {
    return false
  }
}

function readLock(path) {
  return JSON.parse(readFileSync(join(root, path), 'utf8')).packages
}

async function install() {
  say('installing what is needed (once; about 400 MB in node_modules) …')
  // Only the runtime's own package needs its install script; the others' are native extras.
  npm(['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'])
  npm(['rebuild', 'node', '--no-audit', '--no-fund', '--loglevel=error'])
  if (!existsSync(runtime)) fail('npm installed no runtime: remove node_modules and run this again')
  await verifyRuntime()
  say('installed')
}

/** Before it runs for the first time: npm verifies what the lock file names, and this is brought by a script. */
async function verifyRuntime() {
  const { faultOfExecutable, nodePackage, readSums } =
    await import('./supply-chain/executables.mjs')
  const name = nodePackage()
  if (readSums()[name] === undefined) return say(`not checked: no sum of "${name}" is known`)
  const fault = faultOfExecutable(runtime, name)
  if (fault === undefined) return
  rmSync(runtime)
  fail(`${fault}; it is removed`)
}

function npm(args) {
  const fromNpm = process.env.npm_execpath
  const [command, first] = fromNpm ? [process.execPath, [fromNpm]] : ['npm', []]
  // Two retries as usual, but after 1 s and 10 s: npm's own waits keep who is offline for over a minute.
  const patience = ['--fetch-retry-mintimeout=1000', '--fetch-retry-maxtimeout=10000']
  const result = spawnSync(command, [...first, ...args, ...patience], {
    cwd: root,
    encoding: 'utf8',
    shell: !fromNpm && process.platform === 'win32',
    stdio: ['ignore', 'inherit', 'pipe'],
  })
  if (result.status === 0) return
  const output = result.stderr ?? ''
  if (/ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT|ENETUNREACH|ECONNRESET|network/i.test(output)) {
    fail(
      'cannot reach the npm registry, which the first run needs: connect to the network and run this again',
    )
  }
  process.stderr.write(output)
  fail(`"npm ${args[0]}" failed: ${result.error?.message ?? 'its own words are above'}`)
}

/** In their order, each to where the other writes. */
function reporters(...names) {
  return names.flatMap((name) => [`--test-reporter=${name}`, '--test-reporter-destination=stdout'])
}

function options(args) {
  return args.filter((arg) => arg.startsWith('-'))
}

function patterns(args) {
  return args.filter((arg) => !arg.startsWith('-'))
}

function say(text) {
  process.stderr.write(`postern: ${text}\n`)
}

function fail(text) {
  say(`error: ${text}`)
  process.exit(1)
}
