// For whom "postern gateway" writes its log: by the stream that it goes to, or as it is told.
import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { testCertificate } from '../../src/gateway/gateway.fixture.ts'
import { posternInShell } from '../postern-program.ts'
import { createSandbox, start } from './program.ts'

const skip = process.platform === 'linux' ? false : 'missing: script of util-linux'
const forPeople = /^\d\d:\d\d:\d\d INF gateway: listening address=127\.0\.0\.1:\d+ /m
const forScripts =
  /^\{"level":"info","service":"gateway","address":"127\.0\.0\.1:\d+",.*"message":"listening"\}$/m

const cases = [
  { to: 'a terminal', option: '', wanted: forPeople },
  { to: 'a terminal', option: '--log-format json', wanted: forScripts },
  // Standard error is a terminal here as well.
  { to: 'a pipe', option: '', wanted: forScripts },
  { to: 'a pipe', option: '--log-format human', wanted: forPeople },
] as const

for (const { to, option, wanted } of cases)
  test(`the log to ${to} ${option}`, { skip }, async () => {
    await using sandbox = await createSandbox()
    const { path, env } = sandbox
    await writeFile(join(path, 'cert.pem'), testCertificate.cert)
    await writeFile(join(path, 'key.pem'), testCertificate.key, { mode: 0o600 })
    const config = join(path, 'postern.yaml')
    const keys = 'certificate_file: cert.pem\ncertificate_key_file: key.pem\nstate_directory: state'
    await writeFile(config, `address: 127.0.0.1:0\n${keys}\nroutes: []\n`, { mode: 0o600 })
    const pidFile = join(path, 'pid')
    const gateway = `echo $$ >'${pidFile}'; exec ${posternInShell} gateway -c '${config}' ${option}`
    await writeFile(join(path, 'run.sh'), gateway)
    const line = `sh '${join(path, 'run.sh')}'${to === 'a pipe' ? ' | cat' : ''}`
    const { child, ended } = start('script', ['-qec', line, '/dev/null'], env)
    let shown = ''
    await new Promise<void>((resolve, reject) => {
      child.stdout?.on('data', (chunk: Buffer) => {
        shown += chunk.toString()
        if (/listening[^\n]*\n/.test(shown)) resolve()
      })
      child.on('close', () => reject(new Error(shown)))
    })
    process.kill(Number(await readFile(pidFile, 'utf8')), 'SIGTERM')
    await ended
    const lines = shown.replaceAll('\r', '')
    assert.match(lines, wanted)
    assert.doesNotMatch(lines, wanted === forPeople ? forScripts : forPeople)
  })
