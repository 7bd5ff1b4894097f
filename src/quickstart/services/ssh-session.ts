import { createInterface } from 'node:readline'
import type { ServerChannel, Session } from 'ssh2'
import { runCommandLine, sampleHostName } from './ssh-commands.ts'
import type { CommandContext } from './ssh-commands.ts'

/** Longest line of the prompt, in bytes; who sends more is sent away. */
const maxLineBytes = 4_096

/**
 * Serves one SSH session: `exec` and a prompt, both with toy commands only. Whatever else a client may
 * ask of a session (SFTP and other subsystems, variables, agent and X11 forwarding) has no listener
 * here, and the library refuses what has none.
 */
export function serveSession(session: Session, context: () => CommandContext): void {
  let hasTerminal = false
  session.on('pty', (accept) => {
    hasTerminal = true
    accept?.()
  })
  session.on('window-change', (accept) => accept?.())
  session.on('exec', (accept, _reject, { command }) => {
    const channel = withErrorListener(accept())
    const { output, status } = runCommandLine(command, context())
    channel.write(output)
    finish(channel, status)
  })
  session.on('shell', (accept) => servePrompt(withErrorListener(accept()), hasTerminal, context))
}

function servePrompt(
  channel: ServerChannel,
  hasTerminal: boolean,
  context: () => CommandContext,
): void {
  const newline = hasTerminal ? '\r\n' : '\n'
  const say = (text: string): void => void channel.write(text.replaceAll('\n', newline))
  const prompt = createInterface({
    input: boundLines(channel, () => leave(1)),
    output: channel,
    // Without a terminal nobody needs an echo, nor a prompt.
    terminal: hasTerminal,
    prompt: hasTerminal ? `${context().user}@${sampleHostName} $ ` : '',
    historySize: 100,
  })
  let lastStatus = 0
  let hasLeft = false
  function leave(status: number): void {
    if (hasLeft) return
    hasLeft = true
    prompt.close()
    finish(channel, status)
  }
  prompt.on('line', (line) => {
    if (hasLeft) return
    const { output, status, isExit } = runCommandLine(line, context())
    say(output)
    lastStatus = status
    if (isExit) leave(0)
    else prompt.prompt()
  })
  prompt.on('SIGINT', () => {
    say('^C\n')
    // Clears what was typed, as Ctrl-U does.
    prompt.write(null, { ctrl: true, name: 'u' })
    prompt.prompt()
  })
  prompt.on('close', () => leave(lastStatus))
  if (hasTerminal) {
    say('This is Postern’s sample SSH server: toy commands only. Try: help\n')
    prompt.prompt()
  }
}

/** readline keeps a line until it ends, however long it gets. */
function boundLines(channel: ServerChannel, onTooLong: () => void): ServerChannel {
  let lineBytes = 0
  channel.on('data', (chunk: Buffer) => {
    const lastEnd = Math.max(chunk.lastIndexOf('\n'), chunk.lastIndexOf('\r'))
    lineBytes = lastEnd < 0 ? lineBytes + chunk.length : chunk.length - lastEnd - 1
    if (lineBytes > maxLineBytes) onTooLong()
  })
  return channel
}

function finish(channel: ServerChannel, status: number): void {
  channel.exit(status)
  channel.end()
}

function withErrorListener(channel: ServerChannel): ServerChannel {
  channel.on('error', () => undefined)
  return channel
}
