// The sheets of further components that the console uses, after those of `ui/styles.ts`, in the order of
// Mantine's own whole sheet. What a single view needs alone, it imports itself.
import '@mantine/core/styles/CloseButton.css'
import '@mantine/core/styles/Overlay.css'
import '@mantine/core/styles/ModalBase.css'
import '@mantine/core/styles/Modal.css'
import '@mantine/core/styles/Loader.css'
import '@mantine/core/styles/Badge.css'
import '@mantine/core/styles/Notification.css'
import '@mantine/notifications/styles.css'
