import type { ServedInterface, ServedProperty } from '../bus/served-object.ts'
import { markPixmaps } from './pixmap.ts'
import type { Summary } from './summary.ts'

/**
 * The item itself, as a panel reads it.
 *
 * @see https://www.freedesktop.org/wiki/Specifications/StatusNotifierItem/
 */
export const itemInterfaceName = 'org.kde.StatusNotifierItem'

/** The product's blue, and an orange for what somebody has to do. */
const colours = { usual: 0x0b_6b_cb, attention: 0xe8_59_0c }

export function createItemObject(
  menuPath: string,
  summary: () => Summary,
  openWindow: () => void,
): ServedInterface {
  const usual = markPixmaps(colours.usual)
  const attention = markPixmaps(colours.attention)
  const open = {
    takes: 'ii',
    gives: '',
    run() {
      openWindow()
      return []
    },
  }
  const nothing = { gives: '', run: () => [] }
  return {
    methods: {
      Activate: open,
      SecondaryActivate: open,
      // The panel shows the menu by itself.
      ContextMenu: { takes: 'ii', ...nothing },
      Scroll: { takes: 'is', ...nothing },
    },
    properties: {
      Category: text(() => 'ApplicationStatus'),
      Id: text(() => 'postern'),
      Title: text(() => 'Postern'),
      Status: text(() => statusOf(summary())),
      WindowId: { signature: 'i', value: () => 0 },
      IconThemePath: text(() => ''),
      IconName: text(() => ''),
      IconPixmap: { signature: 'a(iiay)', value: () => usual },
      OverlayIconName: text(() => ''),
      OverlayIconPixmap: { signature: 'a(iiay)', value: () => [] },
      AttentionIconName: text(() => ''),
      AttentionIconPixmap: { signature: 'a(iiay)', value: () => attention },
      AttentionMovieName: text(() => ''),
      ToolTip: {
        signature: '(sa(iiay)ss)',
        value: () => ['', [], 'Postern', summary().text],
      },
      ItemIsMenu: { signature: 'b', value: () => false },
      Menu: { signature: 'o', value: () => menuPath },
    },
    signals: {
      NewTitle: '',
      NewIcon: '',
      NewAttentionIcon: '',
      NewOverlayIcon: '',
      NewToolTip: '',
      NewStatus: 's',
    },
  }
}

export function statusOf({ needsAttention }: Summary): string {
  return needsAttention ? 'NeedsAttention' : 'Active'
}

function text(value: () => string): ServedProperty {
  return { signature: 's', value }
}
