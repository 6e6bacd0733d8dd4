/**
 * @generated SignedSource<<e7c8b2c6286c0c6e489d18201d23bf3b>>
 * @lightSyntaxTransform
 */

/* tslint:disable */
/* eslint-disable */
// @ts-nocheck

import type { ConcreteRequest } from 'relay-runtime';
export type progressSubscription$variables = {
  taskId: string;
};
export type progressSubscription$data = {
  readonly taskProgress: {
    readonly isComplete: boolean;
    readonly percent: number;
  };
};
export type progressSubscription = {
  response: progressSubscription$data;
  variables: progressSubscription$variables;
};

const node: ConcreteRequest = (function(){
var v0 = [
  {
    "defaultValue": null,
    "kind": "LocalArgument",
    "name": "taskId"
  }
],
v1 = [
  {
    "alias": null,
    "args": [
      {
        "kind": "Variable",
        "name": "taskId",
        "variableName": "taskId"
      }
    ],
    "concreteType": "TaskProgress",
    "kind": "LinkedField",
    "name": "taskProgress",
    "plural": false,
    "selections": [
      {
        "alias": null,
        "args": null,
        "kind": "ScalarField",
        "name": "percent",
        "storageKey": null
      },
      {
        "alias": null,
        "args": null,
        "kind": "ScalarField",
        "name": "isComplete",
        "storageKey": null
      }
    ],
    "storageKey": null
  }
];
return {
  "fragment": {
    "argumentDefinitions": (v0/*:: as any*/),
    "kind": "Fragment",
    "metadata": null,
    "name": "progressSubscription",
    "selections": (v1/*:: as any*/),
    "type": "Subscription",
    "abstractKey": null
  },
  "kind": "Request",
  "operation": {
    "argumentDefinitions": (v0/*:: as any*/),
    "kind": "Operation",
    "name": "progressSubscription",
    "selections": (v1/*:: as any*/)
  },
  "params": {
    "cacheID": "ac85436eccbe14e45ed49cdee39648d6",
    "id": null,
    "metadata": {},
    "name": "progressSubscription",
    "operationKind": "subscription",
    "text": "subscription progressSubscription(\n  $taskId: UUID!\n) {\n  taskProgress(taskId: $taskId) {\n    percent\n    isComplete\n  }\n}\n"
  }
};
})();

(node as any).hash = "182cce8f682e3df885ae5cc0cd95e9c4";

export default node;
