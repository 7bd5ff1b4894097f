import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { TestContext } from 'node:test'

const firstLine = 'postern: installing what is needed (once; about 400 MB in node_modules) …\n'

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
      const { status, stderr } = spawnSync(
        process.execPath,
        ['--import', preload, runner, 'start'],
        { env: { ...process.env, npm_execpath: npm }, encoding: 'utf8' },
      )
      return { status, stderr }
    },
  }
}

interface Outcome {
  readonly status: number | null
  readonly stderr: string
}

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
