import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { replaceFile } from '../../reach/replace-file.ts'

/** Linux refuses other users' connections to the window, Windows does not show them arguments of programs. */
const mayShow: ReadonlySet<NodeJS.Platform> = new Set(['linux', 'win32'])

/**
 * What a browser is given in its arguments for an address with a one-time code. Where every user of the machine sees
 * these and may connect, one who looks all the time would use the code first: there it is a file of this user's own
 * (0600) that leads on.
 */
export async function handOver(
  url: string,
  directory: string,
  platform: NodeJS.Platform = process.platform,
): Promise<string> {
  if (mayShow.has(platform)) return url
  const path = join(directory, 'open-window.html')
  await replaceFile(
    path,
    `<!doctype html><meta charset="utf-8"><title>Postern</title><meta http-equiv="refresh" content="0;url=${url}">\n`,
  )
  return pathToFileURL(path).href
}
