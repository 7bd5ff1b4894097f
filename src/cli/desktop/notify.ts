import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { iconName } from '../../autostart/mark.ts'
import { printable } from '../../terminal-text.ts'

/** @limit none: a program of the desktop that shows what the person sees in the window as well */
const notifyMs = 5_000
const run = promisify(execFile)

/** Shows a message on the desktop, where there is a program for it. Never rejects. */
export async function notify(
  title: string,
  text: string,
  platform: NodeJS.Platform = process.platform,
): Promise<void> {
  const [program, ...args] = notifier(printable(title), printable(text), platform)
  if (program === undefined) return
  await run(program, args, { timeout: notifyMs }).catch(() => undefined)
}

/** Windows has none that a program may use without being registered. */
export function notifier(
  title: string,
  text: string,
  platform: NodeJS.Platform,
): readonly string[] {
  if (platform === 'darwin') {
    // What is shown are arguments, and no part of the script.
    const script = [
      'on run argv',
      'display notification (item 2 of argv) with title (item 1 of argv)',
      'end run',
    ]
    return ['osascript', ...script.flatMap((line) => ['-e', line]), '--', title, text]
  }
  if (platform === 'win32') return []
  // The text may have marks of HTML, the title none.
  const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' }
  const plain = text.replaceAll(/[&<>]/g, (found) => entities[found] ?? found)
  return ['notify-send', '--app-name=Postern', `--icon=${iconName}`, '--', title, plain]
}
