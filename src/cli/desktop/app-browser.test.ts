import assert from 'node:assert/strict'
import { test } from 'node:test'
import { findAppBrowser } from './app-browser.ts'
import { hasScreen } from './window-run.ts'

test('a browser that opens a window of its own is looked for where each system has them', () => {
  const looked: string[] = []
  const find = (env: Record<string, string>, platform: NodeJS.Platform, there?: string) =>
    findAppBrowser(env, platform, (path) => looked.push(path) > 0 && path === there)
  assert.equal(find({ PATH: '/a::/usr/bin' }, 'linux', '/usr/bin/chromium'), '/usr/bin/chromium')
  assert.ok(looked.every((path) => path.startsWith('/a/') || path.startsWith('/usr/bin/')))
  const chrome = '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome'
  assert.equal(find({}, 'darwin', chrome), chrome)
  const edge = String.raw`C:\Program Files (x86)\Microsoft\Edge\Application\msedge.exe`
  assert.equal(
    find({ 'ProgramFiles(x86)': String.raw`C:\Program Files (x86)` }, 'win32', edge),
    edge,
  )
  assert.equal(find({}, 'linux'), undefined)
})

test('a machine without a screen opens no browser by itself', () => {
  assert.equal(hasScreen({}, 'linux'), false)
  assert.equal(hasScreen({ DISPLAY: ':0' }, 'linux'), true)
  assert.equal(hasScreen({ WAYLAND_DISPLAY: 'wayland-0' }, 'linux'), true)
  assert.equal(hasScreen({}, 'darwin'), true)
})
