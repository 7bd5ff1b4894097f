// Builds the program: a small entry file that package.json's "bin" names, and chunks that a command imports when it
// needs them. One file with everything would be parsed at each start, and `ssh` starts the program for each connection.
import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { apartDirectory, apartEntries, entriesApart, importsApart } from './packages-apart.mjs'
import { packagesIn } from './packages-in.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const entry = 'postern'

/** CommonJS packages call require() for Node's own modules, which an ES module does not have. */
const requireShim =
  "import{createRequire as __makeRequire}from'node:module';const require=__makeRequire(import.meta.url);\n"

/** Whoever follows the README from its middle has installed nothing yet. */
function notInstalled(error) {
  if (error.code !== 'ERR_MODULE_NOT_FOUND') throw error
  process.stderr.write(
    'build: error: nothing is installed yet\n  hint: run "npm start" once, or "npm ci"\n',
  )
  process.exit(1)
}

/**
 * Shortens what packages call their local variables; functions and classes keep their names, which stack traces show. The
 * demo's provider also looks its settings up by the names of its classes, which differ where another file of the bundle
 * has one of that name; to keep those of everything would cost each start.
 */
const shortLocals = {
  name: 'short-locals',
  setup({ esbuild, onLoad }) {
    onLoad({ filter: /[\\/]node_modules[\\/].*\.[cm]?js$/ }, async ({ path }) => {
      const source = readFileSync(path, 'utf8')
      const keepNames = /[\\/]oidc-provider[\\/]/.test(path)
      const { code } = await esbuild.transform(source, { minifyIdentifiers: true, keepNames })
      return { contents: code, loader: 'js' }
    })
  },
}

/** What the demo's provider may answer with; the whole table of media types is 150 KB, and there twice. */
const demoTypes =
  /^(text\/(css|html|javascript|plain)|application\/(javascript|json|jwt|x-www-form-urlencoded))$/
const fewMediaTypes = {
  name: 'few-media-types',
  setup({ onLoad }) {
    onLoad({ filter: /[\\/]node_modules[\\/]mime-db[\\/]db\.json$/ }, ({ path }) => {
      const all = Object.entries(JSON.parse(readFileSync(path, 'utf8')))
      const few = Object.fromEntries(all.filter(([type]) => demoTypes.test(type)))
      return { contents: JSON.stringify(few), loader: 'json' }
    })
  },
}

/** Zod's messages in sixty languages: ours are our own, and English stays. */
const oneLanguage = {
  name: 'one-language',
  setup({ onLoad }) {
    onLoad({ filter: /[\\/]node_modules[\\/]zod[\\/]v4[\\/]locales[\\/]index\.js$/ }, () => ({
      contents: "export { default as en } from './en.js'",
      loader: 'js',
    }))
  },
}

/** Its former cryptography, of which nothing is used: a third of a megabyte. */
const acmeWithoutForge = {
  name: 'acme-without-forge',
  setup({ onLoad }) {
    const forge = /[\\/]acme-client[\\/]src[\\/]crypto[\\/]forge\.js$/
    onLoad({ filter: forge }, () => ({ contents: 'module.exports = {}', loader: 'js' }))
  },
}

/** @type {import('esbuild').BuildOptions} */
const options = {
  absWorkingDir: root,
  // A bundle has the paths of packages, which are the same where node_modules is a link.
  preserveSymlinks: true,
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node24',
  // Packages that name files of theirs by it, which we do not use. Bun would put the folder of the build in its place,
  // and no two executables were alike.
  define: { __dirname: '"/"', __filename: '"/"' },
  // Names stay, for stack traces.
  minifySyntax: true,
  minifyWhitespace: true,
  legalComments: 'external',
  write: false,
  metafile: true,
  logLevel: 'warning',
}

/** Into `outdir`, with a list of the packages in it, `made-of`. */
export async function buildProgram(outdir) {
  const { build } = await import('esbuild').catch(notInstalled)
  const program = await build({
    ...options,
    // Threads are started by their files, see src/config/worker/in-worker.ts and src/store/sqlite.ts.
    entryPoints: {
      [entry]: 'src/cli/main.ts',
      worker: 'src/config/worker/worker.ts',
      'sqlite-thread': 'src/store/sqlite-thread.ts',
    },
    outdir,
    chunkNames: 'chunks/[name]-[hash]',
    // Of the demo's parts: the database that a checkout has for its tests (`quickstart/services/pglite.ts`).
    external: ['@electric-sql/*'],
    plugins: [importsApart, oneLanguage, shortLocals],
  })
  const apart = await build({
    ...options,
    entryPoints: apartEntries,
    outdir: join(outdir, apartDirectory),
    chunkNames: 'chunk-[hash]',
    // What makes ssh2 faster where it was compiled, which it tries.
    external: ['cpu-features', '*.node'],
    plugins: [entriesApart, fewMediaTypes, acmeWithoutForge, shortLocals],
  })
  // Only what this script makes: the browser's files are built beside it.
  for (const name of ['chunks', apartDirectory, `${entry}.js`, 'worker.js', 'sqlite-thread.js'])
    rmSync(join(outdir, name), { recursive: true, force: true })
  const files = [...program.outputFiles, ...apart.outputFiles]
  let totalBytes = 0
  for (const file of files) {
    const text = withRequire(file.text)
    mkdirSync(dirname(file.path), { recursive: true })
    writeFileSync(file.path, text)
    totalBytes += Buffer.byteLength(text)
  }
  const entryPath = join(outdir, `${entry}.js`)
  chmodSync(entryPath, 0o755)
  const entryBytes = readFileSync(entryPath).length
  const kibibytes = Math.ceil(totalBytes / 1024)
  process.stderr.write(
    `build: ${relative(root, entryPath)} ${entryBytes} bytes, ${files.length} files, ${kibibytes} KiB\n`,
  )
  const inputs = [program, apart].flatMap(({ metafile }) => usedInputs(metafile))
  writeFileSync(join(outdir, 'made-of'), packagesIn(inputs).join('\n') + '\n')
}

/** Files of which something is left in the bundle. */
function usedInputs({ outputs }) {
  return Object.values(outputs).flatMap(({ inputs }) =>
    Object.entries(inputs).flatMap(([path, { bytesInOutput }]) =>
      bytesInOutput > 0 ? [path] : [],
    ),
  )
}

/** Each file has the shim only if it needs it: esbuild's own helper looks for a `require` in scope. */
function withRequire(text) {
  return /\brequire\b/.test(text) ? requireShim + text : text
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await buildProgram(resolve(process.argv[2] ?? join(root, 'dist')))
}
