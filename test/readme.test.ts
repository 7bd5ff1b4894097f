import assert from 'node:assert/strict'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { parse } from 'yaml'
import { loadConfig } from '../src/config/load.ts'
import type { Subject } from '../src/policy/facts.ts'
import { parsePolicy } from '../src/policy/language/parse.ts'
import { accessLogFieldNames } from '../src/telemetry/access-fields.ts'
import { authorizeLogFieldNames } from '../src/telemetry/authorize-fields.ts'

const root = join(import.meta.dirname, '..')
const readme = readFileSync(join(root, 'README.md'), 'utf8')
const pages = ['*.md', '{docs,deploy,examples}/**/*.md'].flatMap((pattern) =>
  globSync(pattern, { cwd: root }),
)

test("the README's configuration is valid as it stands", async () => {
  const folder = await mkdtemp(join(tmpdir(), 'postern-readme-'))
  try {
    await writeFile(join(folder, 'idp-client-secret'), 'a secret', { mode: 0o600 })
    const path = join(folder, 'postern.yaml')
    await writeFile(path, (blocks('yaml')[0] ?? '').replaceAll('/etc/postern', folder))
    const { config, warnings } = await loadConfig({ path, env: {} })
    assert.deepEqual(warnings, [])
    assert.equal(config.routes[0]?.name, 'production ssh')
  } finally {
    await rm(folder, { recursive: true })
  }
})

test("the README's second policy keeps Mallory out and lets others in", () => {
  const { policy: document } = parse(blocks('yaml')[1] ?? '') as { policy: unknown }
  const parsed = parsePolicy(document)
  assert.ok('policy' in parsed)
  const outcome = (email: string): string => {
    const subject: Subject = {
      kind: 'person',
      userId: 'u1',
      email,
      emailVerified: true,
      groups: [],
      claims: {},
    }
    const facts = { subject, method: 'CONNECT', path: '', sourceIp: '192.0.2.1', nowMs: 0 }
    return parsed.policy.evaluate(facts).outcome
  }
  assert.deepEqual(
    [outcome('mallory@example.com'), outcome('alice@example.com')],
    ['deny', 'allow'],
  )
})

test("the README's log line has fields that there are", () => {
  const line = JSON.parse(blocks('json')[0] ?? '') as Record<string, unknown>
  const always = ['level', 'service', 'message', 'allow', 'deny', 'allow-why-true', 'deny-why-true']
  const known = [...accessLogFieldNames, ...authorizeLogFieldNames, ...always]
  assert.deepEqual(
    Object.keys(line).filter((name) => !known.includes(name)),
    [],
  )
})

test('every script that a page names exists', () => {
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>
  }
  for (const page of pages) {
    for (const [, name = ''] of readFileSync(join(root, page), 'utf8').matchAll(
      /npm run ([a-z:-]+)/g,
    )) {
      assert.ok(name in scripts, `${page}: npm run ${name}`)
    }
  }
})

test('every page that a page links to exists', () => {
  for (const page of pages) {
    for (const [, target = ''] of readFileSync(join(root, page), 'utf8').matchAll(
      /\]\(([^)#:]+)(?:#[^)]*)?\)/g,
    )) {
      assert.ok(existsSync(join(root, dirname(page), target)), `${page}: ${target}`)
    }
  }
})

function blocks(language: string): string[] {
  return [...readme.matchAll(new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``, 'g'))].map(
    ([, text = '']) => text,
  )
}
