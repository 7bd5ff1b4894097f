import { parseListenAddress } from '../../client/serve/listen-address.ts'
import type { AskOptions } from '../asking/ask-options.ts'
import { destinationOf } from '../asking/destination-of.ts'
import { readServiceAccount, warnAboutSecrets } from '../credentials/given.ts'
import { environment } from '../process/environment.ts'
import { exitCodeOf } from '../process/exit-codes.ts'
import { clientFor, type ClientFlags } from '../serving/client-for.ts'
import { sameUser, warnAboutExposure } from '../serving/exposure.ts'
import { serveListener, serveStdio } from '../serving/serve.ts'
import { processVoice } from '../speech/voice.ts'

/** The options of `postern tcp` as they were given. */
export interface TcpOptions extends AskOptions, ClientFlags {
  readonly browserCmd?: string
  readonly listen: string
  readonly gateway?: string
  readonly pomeriumUrl?: string
  readonly gatewayUrl?: string
  readonly sameUser?: boolean
}

/** Runs `postern tcp` to its end and resolves to the exit code. */
export async function runTcp(destinationText: string, options: TcpOptions): Promise<number> {
  const voice = processVoice({
    format: options.logFormat,
    // With stdin and stdout there is one connection, and its program speaks for itself.
    level: options.listen === '-' ? 'warn' : 'info',
    component: { human: 'tcptunnel', json: 'tunnel' },
  })
  try {
    const listen = parseListenAddress(options.listen)
    const gatewayUrl = options.gateway ?? options.gatewayUrl ?? options.pomeriumUrl
    const found = await destinationOf(destinationText, gatewayUrl, options, voice)
    const { gateway, authority, trust } = found
    const credential = await readServiceAccount(options, environment)
    const command = `postern tcp ${authority}`
    const client = clientFor({ gateway, trust, credential, command }, options, voice)
    warnAboutSecrets(options, voice)
    warnAboutExposure(listen, options.listen, voice)
    const admission = options.sameUser === true ? await sameUser(listen) : undefined
    const served = { authority, client }
    return listen.kind === 'stdio'
      ? await serveStdio(served, voice)
      : await serveListener(served, { listen, admission }, voice)
  } catch (error) {
    voice.fatal(error)
    return exitCodeOf(error)
  }
}
