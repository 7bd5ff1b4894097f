// What `npm install -g` gives people: the package as npm makes it of the sources, in an empty prefix.
import assert from 'node:assert/strict'
import {
  existsSync,
  globSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
} from 'node:fs'
import { cp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join, normalize } from 'node:path'
import { after, describe, test } from 'node:test'
import { runProgram } from '../src/program.fixture.ts'

const root = join(import.meta.dirname, '..')
const folder = mkdtempSync(join(tmpdir(), 'postern-npm-'))
after(() => rmSync(folder, { recursive: true, force: true }))

/** npm makes the package where the sources are, and its build takes the place of another there. */
async function copySources(): Promise<string> {
  const sources = join(folder, 'sources')
  const left = new Set(['node_modules', 'dist', '.git', 'artifacts', 'coverage', 'release'])
  const names = readdirSync(root).filter((name) => !left.has(name))
  await Promise.all(
    names.map((name) => cp(join(root, name), join(sources, name), { recursive: true })),
  )
  symlinkSync(join(root, 'node_modules'), join(sources, 'node_modules'))
  return sources
}

async function npm(cwd: string, ...args: readonly string[]): Promise<string> {
  const env = { PATH: [dirname(process.execPath), process.env['PATH']].join(delimiter) }
  const { code, stdout, stderr } = await runProgram('npm', args, { cwd, env })
  assert.equal(code, 0, stderr)
  return stdout
}

describe('the package of npm', () => {
  const prefix = join(folder, 'prefix')
  const installed = join(prefix, 'lib', 'node_modules', 'postern')
  const runs = async (...args: readonly string[]) =>
    runProgram(join(prefix, 'bin', 'postern'), args, {
      cwd: folder,
      env: {
        PATH: [dirname(process.execPath), '/usr/bin', '/bin'].join(delimiter),
        TMPDIR: folder,
      },
    })

  test('is made by npm alone, and needs nothing else', async () => {
    const sources = await copySources()
    const names = (await npm(sources, 'pack', '--silent', '--pack-destination', folder)).trim()
    assert.equal(names, 'postern-0.1.0.tgz')
    // No registry is asked: there is nothing to ask for.
    const offline = ['--offline', '--no-audit', '--no-fund', '--silent']
    await npm(folder, 'install', '--global', '--prefix', prefix, ...offline, join(folder, names))
    assert.deepEqual(readdirSync(dirname(installed)), ['postern'])
    assert.ok(!existsSync(join(installed, 'node_modules')))
  })

  test('brings a program that reaches a route', async () => {
    assert.equal((await runs('--version')).stdout, 'postern 0.1.0\n')
    const demo = await runs('demo', '--once', '--port', '0')
    assert.equal(demo.code, 0, demo.stderr)
    assert.match(demo.stdout, /✓ 64 MiB each way through a tunnel/)
  })

  const linkOf = /\]\(([^)#\s]+)[^)]*\)/g
  /** A regular expression that stands as code looks like a link; what a link is called may be code. */
  const withoutCode = (page: string): string => page.replaceAll(/(`+)(?!`).*?[^`]\1(?!`)/g, '')

  test('has every page that its README and the pages behind it lead to', () => {
    const pages = ['*.md', '{docs,deploy,examples}/**/*.md'].flatMap((pattern) =>
      globSync(pattern, { cwd: installed }),
    )
    assert.ok(pages.includes('README.md'))
    const astray = pages.flatMap((page) =>
      [...withoutCode(readFileSync(join(installed, page), 'utf8')).matchAll(linkOf)]
        .map(([, link = '']) => link)
        .filter((link) => !/^[a-z]+:/.test(link))
        .filter((link) => !existsSync(join(installed, normalize(join(dirname(page), link)))))
        .map((link) => `${page}: ${link}`),
    )
    assert.deepEqual(astray, [])
  })

  test('has the licences of what is in its bundle', () => {
    assert.match(readFileSync(join(installed, 'LICENSE'), 'utf8'), /Apache License/)
    const others = readFileSync(join(installed, 'dist', 'THIRD-PARTY-LICENSES'), 'utf8')
    for (const name of ['hono', 'oidc-provider', 'react'])
      assert.match(others, new RegExp(`^${name} \\d`, 'm'))
    // It runs on a Node.js that is there already.
    assert.doesNotMatch(others, /Bun/)
  })
})
