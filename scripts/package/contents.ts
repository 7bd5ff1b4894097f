import { globSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..', '..')

/** A package whose code is in the release. */
export interface Component {
  /** Such as `@hono/node-server`. */
  readonly name: string
  readonly version: string
  /** As SPDX has it, such as `MIT`. */
  readonly license: string
  /** What it says about its licence, whole: texts and notices. */
  readonly text: string
}

/** Of packages that bring no text: that of another by the same people, and of a licence that names nobody. */
const textsOfOthers: Readonly<Record<string, string>> = {
  '@hono/zod-openapi': 'node_modules/hono/LICENSE',
  '@hono/zod-validator': 'node_modules/hono/LICENSE',
  // Theirs ends with it.
  'agent-base': 'node_modules/agent-base/README.md',
  'https-proxy-agent': 'node_modules/https-proxy-agent/README.md',
  'koa-compose': 'node_modules/koa/LICENSE',
  'react-remove-scroll-bar': 'node_modules/react-remove-scroll/LICENSE',
  // The Unlicense.
  wouter: 'node_modules/tweetnacl/LICENSE',
}

const textNames = /^(licen[cs]e|copying|notice|copyright)/i

/**
 * The packages that a `dist` was made of, by the lists that its builds leave there (`made-of`), by name and version.
 *
 * @throws Error when one has no licence, or no text of it.
 */
export function componentsOf(dist: string): Component[] {
  const lists = globSync('{made-of,web/*/made-of}', { cwd: dist })
  if (!lists.includes('made-of') || lists.length < 2)
    throw new Error(`"${dist}" does not say what it was made of`)
  const folders = lists.flatMap((list) => readFileSync(join(dist, list), 'utf8').split('\n'))
  const components = new Map<string, Component>()
  for (const folder of folders.filter((line) => line.startsWith('node_modules/'))) {
    const component = componentAt(folder)
    components.set(`${component.name}@${component.version}`, component)
  }
  return [...components].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, one]) => one)
}

/** What a package says of itself; `licenses` is how it was done before npm 2. */
interface Manifest {
  readonly name?: string
  readonly version?: string
  readonly license?: string
  readonly licenses?: readonly { readonly type?: string }[]
}

function componentAt(folder: string): Component {
  const path = join(root, folder, 'package.json')
  const manifest = JSON.parse(readFileSync(path, 'utf8')) as Manifest
  const { name, version, license = manifest.licenses?.[0]?.type } = manifest
  if (name === undefined || version === undefined || license === undefined)
    throw new Error(`"${folder}" does not say which package it is, and under which licence`)
  const text = textsIn(folder, name)
  if (text === '') throw new Error(`"${folder}" has no text of its licence`)
  return { name, version, license, text }
}

function textsIn(folder: string, name: string): string {
  const own = readdirSync(join(root, folder))
    .filter((file) => textNames.test(file))
    .sort()
    .map((file) => `${folder}/${file}`)
  const other = textsOfOthers[name]
  const files = own.length > 0 || other === undefined ? own : [other]
  return files.map((file) => readFileSync(join(root, file), 'utf8').trim()).join('\n\n')
}
