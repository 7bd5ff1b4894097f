#!/usr/bin/env node
import { writeSync } from 'node:fs'
import { version } from '../version.ts'

// `ssh` starts the program for each connection and scripts ask for its version: what is imported here
// is loaded every time.
const [first] = process.argv.slice(2)
/** As in package.json's `engines`, which npm only warns about. */
const minNodeMajor = 24
if (first === '--version' || first === '-v' || first === '-V') {
  say(1, `postern ${version}\n`)
} else if (Number.parseInt(process.versions.node, 10) < minNodeMajor) {
  say(
    2,
    `postern: error: this is Node.js ${process.versions.node}, and postern needs ${minNodeMajor} or newer\n` +
      '  hint: install a newer Node.js; in a checkout, "npx node" is the one that came with it\n',
  )
  // `exitCodes.system`: the module that names it needs the newer release itself.
  process.exitCode = 8
} else {
  // Before the next import, which looks at the streams.
  const { shieldStreams } = await import('../standard-streams.ts')
  shieldStreams()
  const { run } = await import('./run.ts')
  await run(process.argv.slice(2))
}

/** Not through `standard-output.ts`: nothing is loaded for this. */
function say(descriptor: 1 | 2, text: string): void {
  try {
    writeSync(descriptor, text)
  } catch {
    // Nobody is there to read it.
  }
}
