import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { installPowerShell } from './install-power-shell.ts'

const executable = (system: string, archive: 'zip' | 'tar.gz') => ({
  system,
  version: '0.1.0',
  name: `postern-0.1.0-${system}.${archive}`,
  bytes: 40_000_000,
  sha256: 'ab'.repeat(32),
})
const plan = {
  gateway: 'https://gateway.example.com',
  filesUrl: 'https://gateway.example.com/.postern/downloads/',
  executables: [
    executable('linux-x64', 'tar.gz'),
    executable('windows-arm64', 'zip'),
    executable('windows-x64', 'zip'),
  ],
}

// `UPDATE_GOLDEN=1` writes it: try what has changed in a PowerShell 5.1 and a 7 before you keep it.
test('the script for PowerShell is the text that was agreed', () => {
  const path = join(import.meta.dirname, 'golden', 'install.ps1')
  const text = installPowerShell(plan)
  if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(path, text)
  assert.equal(text, readFileSync(path, 'utf8'))
})

test('what a gateway calls itself stays text, whichever quotes it has', () => {
  for (const quote of ["'", '’', '‘', '‚', '‛']) {
    const text = installPowerShell({ ...plan, gateway: `https://a${quote};iex` })
    assert.ok(text.includes(`$gateway = 'https://a${quote}${quote};iex'`))
  }
})
