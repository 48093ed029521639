/** What faults make of the text of an answer. */
import type { AnswerFault } from '../faults/faults.ts';

export function spoiled(text: string, fault: AnswerFault): string {
  switch (fault.kind) {
    case 'truncated':
      return text.slice(0, Math.floor(text.length / 2));
    case 'garbage':
      return '<html>This is not JSON</html>';
    case 'empty-apps':
      return '{"apps":[]}';
    default:
      return text;
  }
}
