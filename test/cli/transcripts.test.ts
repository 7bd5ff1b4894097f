// Sessions with the command line as plain text, in the *.txt files beside this one:
//
//   # comment
//   $ a command line for sh, in which "postern" is the program
//   what it printed on stdout
//   ! what it printed on stderr
//   => its exit code, when that is not 0
//
// `$GATEWAY` and `$CA` name the fake gateway below, `$STATE` a state directory whose gateway says what `running-gateway.ts` has. Ports and times are replaced in the output.
// `UPDATE_TRANSCRIPTS=1` writes what the program prints now; read the difference before you keep it.
import assert from 'node:assert/strict'
import { readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { startFakeGateway, type FakeAnswer } from '../../src/reach/fake-gateway.fixture.ts'
import { encodeRefusal } from '../../src/tunnel/refusal.ts'
import { startFakeControl } from './fake-control.ts'
import { runningGateway } from './running-gateway.ts'
import { createSandbox, start } from './program.ts'
import { posternCommand, posternInShell } from '../postern-program.ts'

/** Commands that run side by side. */
const atOnce = 4
const transcripts = readdirSync(import.meta.dirname).filter((name) => name.endsWith('.txt'))

describe('transcripts', () => {
  test('the transcripts were found', () => assert.ok(transcripts.length >= 3))

  for (const name of transcripts) {
    test(name, async () => {
      const path = join(import.meta.dirname, name)
      const wanted = readFileSync(path, 'utf8')
      const found = await replay(wanted)
      if (process.env['UPDATE_TRANSCRIPTS'] === '1') writeFileSync(path, found)
      else assert.equal(found, wanted)
    })
  }
})

/** Runs the commands of a transcript and answers it with what they print now. */
async function replay(transcript: string): Promise<string> {
  await using gateway = await startFakeGateway({ isPublic: true, connect: answerFor })
  await using sandbox = await createSandbox()
  const caFile = join(sandbox.path, 'ca.pem')
  await writeFile(caFile, gateway.ca)
  const program = join(sandbox.path, 'postern')
  await writeFile(program, `#!/bin/sh\nexec ${posternInShell} "$@"\n`)
  await chmod(program, 0o755)
  const state = join(sandbox.path, 'state')
  await mkdir(state)
  using _control = await startFakeControl(state, runningGateway, { error: 'unknown' })
  const env = {
    ...sandbox.env,
    TZ: 'UTC',
    STATE: state,
    PATH: `${sandbox.path}:${process.env['PATH']}`,
    GATEWAY: gateway.origin,
    CA: caFile,
  }
  // A blank line counts before a comment only; others may be output.
  const given =
    transcript.match(/^(?:\n(?=#)|#.*\n?|\$ .*\n?)/gm)?.map((line) => line.trimEnd()) ?? []
  const found: string[][] = []
  let next = 0
  const work = async (): Promise<void> => {
    for (let index = next++; index < given.length; index = next++) {
      const line = given[index] ?? ''
      const printed = line.startsWith('$ ') ? await runLine(line.slice(2), env, sandbox.path) : []
      found[index] = [line, ...printed]
    }
  }
  await Promise.all(Array.from({ length: atOnce }, work))
  return found.flat().join('\n').replace(/\n*$/, '\n')
}

async function runLine(line: string, env: NodeJS.Dict<string>, sandbox: string): Promise<string[]> {
  const { child, ended } = start('/bin/sh', ['-c', line], env)
  child.stdin?.end()
  const { code, stdout, stderr } = await ended
  const clean = (text: string): string[] =>
    text
      .replaceAll(sandbox, 'SANDBOX')
      .replaceAll(ownWords, 'POSTERN')
      // Bun tells no failed connect from another one.
      .replaceAll(
        ' refused the connection, or cannot be reached from here',
        ' refused the connection',
      )
      .replaceAll(/\(\d{5} days ago\)/g, '(20000 days ago)')
      .replaceAll(/localhost:\d+/g, 'localhost:PORT')
      .replaceAll(/\b\d{1,2}:\d{2}[AP]M\b/g, '5:57PM')
      .split('\n')
      .slice(0, text.endsWith('\n') ? -1 : undefined)
  return [
    ...(stdout === '' ? [] : clean(stdout)),
    ...(stderr === '' ? [] : clean(stderr).map((text) => `! ${text}`.trimEnd())),
    ...(code === 0 ? [] : [`=> ${code}`]),
  ]
}

/** The program by its paths, as it writes it into files. */
const ownWords = posternCommand().flat().join(' ')

/** What the gateway says to each route that the transcripts ask for. */
function answerFor(authority: string): FakeAnswer {
  switch (authority) {
    case 'denied:1':
    case 'denied:443':
      return {
        status: 403,
        body: encodeRefusal({
          code: 'policy_denied',
          message: `access to "${authority}" is denied`,
          next: 'ask for the group "dba"',
          requestId: '4bf92f3577b34da6',
          reasons: ['groups-unauthorized'],
        }),
      }
    case 'missing:1':
      return {
        status: 404,
        body: '{"requestId":"7c1d","status":"404","statusText":"route_not_found"}',
      }
    case 'down:1':
      return { status: 503 }
    case 'odd:1':
      return { status: 418, body: '<html>teapot</html>' }
    case 'cut:1':
      return { serve: (tunnel) => void setImmediate(() => tunnel.destroy(new Error('cut'))) }
    default:
      return { serve: (tunnel) => void tunnel.pipe(tunnel) }
  }
}
