import { formatAuthority } from '../../address.ts'
import { localPlace } from './local-place.ts'

/**
 * A file for Remote Desktop (mstsc, Microsoft's apps, FreeRDP) that leads to a local address; undefined for one that
 * they cannot reach. It is ASCII, which all of them read, with CRLF. It holds no credential, and shares no drive.
 *
 * @see https://learn.microsoft.com/windows-server/remote/remote-desktop-services/clients/rdp-files
 */
export function rdpFile(address: string): string | undefined {
  const place = localPlace(address)
  if (place?.kind !== 'tcp') return undefined
  const lines = [
    `full address:s:${formatAuthority(place.at)}`,
    'prompt for credentials:i:1',
    // The certificate is for another name than this address: say so, rather than not to look.
    'authentication level:i:2',
    // Never by a gateway of Remote Desktop's own.
    'gatewayusagemethod:i:0',
    'drivestoredirect:s:',
    'redirectclipboard:i:1',
  ]
  return lines.map((line) => `${line}\r\n`).join('')
}
