import { NodeSDK } from "@opentelemetry/sdk-node";

new NodeSDK({ serviceName: "task-jobs-api" }).start();
