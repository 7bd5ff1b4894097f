#!/usr/bin/env node
import { version } from '../version.ts'

// `ssh` starts the program for each connection and scripts ask for its version: what is imported here
// is loaded every time.
const [first] = process.argv.slice(2)
if (first === '--version' || first === '-V') {
  process.stdout.write(`postern ${version}\n`)
} else {
  const { run } = await import('./run.ts')
  process.exitCode = await run(process.argv.slice(2))
}
