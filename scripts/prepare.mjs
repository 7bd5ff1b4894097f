// npm runs this where it installs from git, for which it makes the package of a checkout of its own and runs no
// "prepack" there, and also at "npm install" and "npm ci" here, where nobody asked for a build.
import { spawnSync } from 'node:child_process'
import { existsSync, lstatSync, mkdirSync, unlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
/** A checkout that somebody works in has its history; npm's own of a commit has, too, but lies in its cache. */
const isOfNpm = /[\\/]_cacache[\\/]tmp[\\/]/.test(root)

if (isOfNpm) {
  // Twice: by the installation that prepares this checkout, and once that is done.
  if (existsSync(join(root, 'dist', 'postern.js'))) replaceGlobalLink()
  else {
    if (!existsSync(join(root, 'node_modules', 'esbuild'))) install()
    await import('./build.mjs')
  }
}

/**
 * "npm install --global" prepares this checkout of npm's own by an installation that is global as well: in the place of
 * the folder that it has made for the package it leaves a link to here, would unpack the package through that, and
 * remove what the link leads to at its end.
 */
function replaceGlobalLink() {
  const prefix = process.env.npm_config_global_prefix
  if (process.env.npm_config_global !== 'true' || prefix === undefined) return
  const modules = process.platform === 'win32' ? ['node_modules'] : ['lib', 'node_modules']
  const link = join(prefix, ...modules, 'postern')
  if (lstatSync(link, { throwIfNoEntry: false })?.isSymbolicLink() !== true) return
  unlinkSync(link)
  mkdirSync(link)
}

/** "npm install --global" hands its setting on, and what the build needs is not installed here then. */
function install() {
  const fromNpm = process.env.npm_execpath
  const [command, first] = fromNpm ? [process.execPath, [fromNpm]] : ['npm', []]
  const quiet = ['--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']
  const args = ['ci', '--global=false', '--location=project', '--include=dev', ...quiet]
  const { status } = spawnSync(command, [...first, ...args], {
    cwd: root,
    stdio: 'inherit',
    shell: !fromNpm && process.platform === 'win32',
    env: { ...process.env, npm_config_global: '', npm_config_location: '', npm_config_prefix: '' },
  })
  if (status !== 0) process.exit(1)
}
