// Builds the browser's pages into dist/web/, each from its folder in src/web/. With --if-stale only when
// what they are made of has changed since, which takes a few milliseconds to find out.
import { createHash } from 'node:crypto'
import {
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { packagesIn } from './packages-in.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
/** Where its files are served: by src/console, those of passkeys by src/pages, and for the window by src/desktop, which writes the place into the page. */
const pages = {
  portal: '/.postern/portal/',
  console: '/.postern/console/',
  passkeys: '/.postern/passkey-files/',
  desktop: './',
}
/** Beside each build: a hash of what it was made of, and the packages in it. */
const stampName = 'made-of'

/**
 * Builds every page into `outdir`/web/NAME. A build takes its place whole or not at all: gateways and
 * tests that run meanwhile find the old one or the new one.
 */
export async function buildWeb(outdir, { onlyIfStale = false } = {}) {
  const madeOf = hashOfSources()
  for (const [name, base] of Object.entries(pages)) {
    const target = join(outdir, 'web', name)
    if (onlyIfStale && stampOf(target) === madeOf) continue
    const draft = join(outdir, 'web', `.${name}-${process.pid}`)
    const packages = await buildPage(name, base, draft)
    writeFileSync(join(draft, stampName), [madeOf, ...packages, ''].join('\n'))
    rmSync(target, { recursive: true, force: true })
    mkdirSync(dirname(target), { recursive: true })
    replace(draft, target)
    report(name, target)
  }
}

async function buildPage(name, base, outDir) {
  const [{ build }, { default: react }] = await Promise.all([
    import('vite'),
    import('@vitejs/plugin-react'),
  ])
  const { output } = await build({
    configFile: false,
    root: join(root, 'src', 'web', name),
    base,
    plugins: [react()],
    logLevel: 'warn',
    build: {
      outDir,
      emptyOutDir: true,
      // The page's security policy allows no data: address and no inline script.
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
      chunkSizeWarningLimit: 1000,
    },
  })
  // Styles as well: those of a package come by its modules.
  return packagesIn(output.flatMap((file) => (file.type === 'chunk' ? file.moduleIds : [])))
}

/** Another process may have built the same in the meantime; then its build is as good. */
function replace(draft, target) {
  try {
    renameSync(draft, target)
  } catch (error) {
    rmSync(draft, { recursive: true, force: true })
    if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error
  }
}

function hashOfSources() {
  const hash = createHash('sha256')
  const sources = [
    ...readdirSync(join(root, 'src', 'web'), { recursive: true }).map((path) =>
      join('src', 'web', path),
    ),
    'package-lock.json',
    'scripts/build-web.mjs',
    'scripts/packages-in.mjs',
  ]
  for (const path of sources.map((path) => path.replaceAll('\\', '/')).sort()) {
    if (statSync(join(root, path)).isFile())
      hash
        .update(`${path}\0`)
        .update(readFileSync(join(root, path)))
        .update('\0')
  }
  return hash.digest('hex')
}

function stampOf(directory) {
  try {
    // The packages come behind it.
    return readFileSync(join(directory, stampName), 'utf8').split('\n', 1)[0]
  } catch {
    return undefined
  }
}

function report(name, target) {
  const files = readdirSync(target, { recursive: true }).map((path) => statSync(join(target, path)))
  const bytes = files.filter((file) => file.isFile()).reduce((sum, { size }) => sum + size, 0)
  const shown = relative(root, join(target, 'index.html'))
  process.stderr.write(`build: ${shown} with its files ${Math.ceil(bytes / 1024)} KiB\n`)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const onlyIfStale = process.argv.includes('--if-stale')
  await buildWeb(resolve(join(root, 'dist')), { onlyIfStale })
}
