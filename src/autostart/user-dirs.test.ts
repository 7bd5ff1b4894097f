import assert from 'node:assert/strict'
import { test } from 'node:test'
import { desktopFolderOf } from './user-dirs.ts'

const texts: readonly (readonly [text: string, folder: string | undefined])[] = [
  ['# made by xdg-user-dirs-update\nXDG_DESKTOP_DIR="$HOME/Schreibtisch"\n', '/h/Schreibtisch'],
  ['XDG_DESKTOP_DIR="$HOME/"\n', '/h'],
  ['XDG_DESKTOP_DIR="/data/My \\"Desk\\" \\$1"\n', '/data/My "Desk" $1'],
  ['#XDG_DESKTOP_DIR="$HOME/x"\n', undefined],
  ['XDG_DESKTOP_DIR="relative"\n', undefined],
  ['XDG_DESKTOP_DIR="$HOME/a"\nXDG_DESKTOP_DIR="$HOME/b"\n', '/h/b'],
  ['XDG_MUSIC_DIR="$HOME/m"\n', undefined],
  ['XDG_DESKTOP_DIR="$HOME/open\n', undefined],
  ['', undefined],
]

for (const [text, folder] of texts) {
  test(`the desktop of ${JSON.stringify(text)} is ${folder ?? 'not said'}`, () => {
    assert.equal(desktopFolderOf(text, '/h'), folder)
  })
}
