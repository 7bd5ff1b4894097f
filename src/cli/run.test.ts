import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { runProgram } from '../program.fixture.ts'
import { exitCodes } from './process/exit-codes.ts'

const here = JSON.stringify(join(import.meta.dirname, 'run.ts'))

describe('what nobody catches ends the program, as a fault of its own', () => {
  const faults = {
    'an error': 'setImmediate(() => { throw fault })',
    'a rejection': 'Promise.reject(fault)',
    'an event': `process.nextTick(() => new EventEmitter().emit('error', fault))`,
  }
  for (const [what, code] of Object.entries(faults)) {
    test(what, async () => {
      const script = `
        const { EventEmitter } = await import('node:events')
        const { run } = await import(${here})
        await run(['help'])
        setInterval(() => undefined, 1_000)
        const fault = new Error('x is\\ny')
        ${code}
      `
      const args = ['--input-type=module', '--eval', script]
      const { code: exitCode, stdout, stderr } = await runProgram(process.execPath, args)
      assert.equal(exitCode, exitCodes.internal)
      assert.match(stdout, /^Usage: postern /)
      assert.match(stderr, /^postern: error: internal error: x is\\ny\n {2}hint: [^\n]*\n$/)
    })
  }
})
