import assert from 'node:assert/strict'
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe } from 'node:test'
import { parseApplication } from '../../src/client/applications/application.ts'
import { keyFilesFor } from '../../src/client/ssh-gen/key-files.ts'
import { formatApplicationSshConfig } from '../../src/client/ssh-gen/ssh-config.ts'
import { parseFile } from '../../src/cli/asking/file-option.ts'
import { runChild } from './child.ts'
import { peerTest, program } from './peers.ts'
import type { Scope } from './scope.ts'

/** What a shell, OpenSSH or both look at. */
const names = [
  'plain',
  'two words',
  `it's "quoted"`,
  '100% of %h',
  '$HOME and $(touch owned) `touch owned`',
  'a;touch owned&b|c>d<e(f)g{h}[i]*?!~^#',
  'back\\slash\\',
  'grün',
]

/** Writes down its words, one a line, and ends. */
const recorder = `#!/bin/sh
for word in "$@"; do printf '%s\\n' "$word"; done >> "$(dirname "$0")/said"
`

/** What OpenSSH writes into its log for other bytes than printable ASCII: vis(3), in octal. */
function readVis(text: string): string {
  const bytes = text.replaceAll(/\\(\\|[0-7]{3})/g, (_, found: string) =>
    found === '\\' ? found : String.fromCharCode(Number.parseInt(found, 8)),
  )
  return Buffer.from(bytes, 'latin1').toString('utf8')
}

async function writeRecorder(scope: Scope): Promise<string> {
  const bin = join(scope.directory, 'bin')
  await mkdir(bin)
  await writeFile(join(bin, 'postern'), recorder)
  await chmod(join(bin, 'postern'), 0o755)
  return bin
}

describe('the lines of ssh_config for an application', () => {
  peerTest(
    'give OpenSSH the files that are written, and its shell nothing to look at',
    ['OpenSSH'],
    async (scope) => {
      const bin = await writeRecorder(scope)
      const destination = parseApplication('ssh.site.com')
      for (const name of names) {
        const home = join(scope.directory, name)
        await mkdir(join(home, '.postern'), { recursive: true })
        const files = keyFilesFor(home, destination)
        for (const file of Object.values(files)) await writeFile(file, '', { mode: 0o600 })
        const caFile = join(home, 'ca.pem')
        const options = ['--ca-file', caFile]
        const isGatewayNamed = false
        const user = undefined
        const config = join(scope.directory, 'config')
        const text = formatApplicationSshConfig({
          program: [join(bin, 'postern')],
          destination,
          isGatewayNamed,
          options,
          user,
          files,
        })
        await writeFile(config, text)
        await writeFile(join(bin, 'said'), '')
        const env = { PATH: `${bin}:/usr/bin:/bin`, HOME: home }
        const cwd = scope.directory
        const run = (...args: string[]) =>
          runChild(scope, program('ssh'), ['-F', config, ...args, 'ssh.site.com'], { env, cwd })

        // As it is written, and as OpenSSH opens it.
        const { output, errors } = await run('-G')
        assert.match(output, /\nidentitiesonly yes\n/, errors)
        const connected = await run('-v', '-o', 'BatchMode=yes')
        const opened = connected.errors
          .split(/\r?\n/)
          .map((line) => / (?:identity|certificate) file (.*) type /.exec(line)?.[1])
          .map((path = '') => readVis(path))
        assert.ok(opened.includes(files.privateKey), connected.errors)
        assert.ok(opened.includes(files.certificate), connected.errors)
        const said = (await readFile(join(bin, 'said'), 'utf8')).split('\n')
        const given = said.filter((_, at) => said[at - 1] === '--ca-file').map(parseFile)
        // By "Match" of both, and by the ProxyCommand of the second.
        assert.deepEqual(given, [caFile, caFile, caFile], name)
        await assert.rejects(readFile(join(cwd, 'owned')), { code: 'ENOENT' })
      }
    },
  )
})
