//! What templates are mostly made of: resources, as YAML and as JSON.

/// Resources in turn, as YAML; `$` stands for a number of their own, `@` for
/// the declaration of a mode.
pub(crate) const YAML: [&str; 6] = [
    "  Function$:
    Type: AWS::Lambda::Function
    DependsOn: Role$
    Properties:
      Handler: index.handler
      Runtime: nodejs20.x
      Role: !GetAtt Role$.Arn
      Environment:
        Variables:
          STAGE: !Ref Stage
          TABLE: !ImportValue 'table-$'
      Code:
        ZipFile: |
          exports.handler = async (event) => {
            // no. $
            return { statusCode: 200 };
          };
",
    "  Role$:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Version: '2012-10-17'
        Statement:
          - Effect: Allow
            Principal: {Service: [lambda.amazonaws.com, ecs-tasks.amazonaws.com]}
            Action: ['sts:AssumeRole']
",
    "  # Images of service $
  Images$:
    Type: AWS::ECR::Repository
    DeletionPolicy: Retain
    Properties:
      RepositoryName: service-$
@      ImageScanningConfiguration:
        ScanOnPush: true
      Tags:
        - Key: service
          Value: 'no. $'
",
    "  Topic$: {Type: AWS::SNS::Topic, Properties: {DisplayName: 'no. $', FifoTopic: false}}
",
    "  Bucket$:
    Type: AWS::S3::Bucket
    Properties:
      BucketEncryption:
        ServerSideEncryptionConfiguration:
          - ServerSideEncryptionByDefault:
              SSEAlgorithm: AES256 # as the audit wants it
      VersioningConfiguration:
        Status: Enabled

",
    "  Alarm$:
    Type: AWS::CloudWatch::Alarm
    Properties:
      MetricName: Errors
      Namespace: AWS/Lambda
      Threshold: 1
      Dimensions:
        - Name: FunctionName
          Value: !Ref Function$
",
];

/// The same as JSON, without the commas between them.
pub(crate) const JSON: [&str; 6] = [
    r#"    "Function$": {
      "Type": "AWS::Lambda::Function",
      "DependsOn": "Role$",
      "Properties": {
        "Handler": "index.handler",
        "Runtime": "nodejs20.x",
        "Role": { "Fn::GetAtt": ["Role$", "Arn"] },
        "Environment": {
          "Variables": {
            "STAGE": { "Ref": "Stage" },
            "TABLE": { "Fn::ImportValue": "table-$" }
          }
        },
        "Code": {
          "ZipFile": "exports.handler = async (event) => {\n  // no. $\n};\n"
        }
      }
    }"#,
    r#"    "Role$": {
      "Type": "AWS::IAM::Role",
      "Properties": {
        "AssumeRolePolicyDocument": {
          "Version": "2012-10-17",
          "Statement": [
            {
              "Effect": "Allow",
              "Principal": { "Service": ["lambda.amazonaws.com"] },
              "Action": ["sts:AssumeRole"]
            }
          ]
        }
      }
    }"#,
    r#"    "Images$": {
      "Type": "AWS::ECR::Repository",
      "DeletionPolicy": "Retain",
      "Properties": {
        "RepositoryName": "service-$",@
        "ImageScanningConfiguration": {
          "ScanOnPush": true
        },
        "Tags": [
          {
            "Key": "service",
            "Value": "no. $"
          }
        ]
      }
    }"#,
    r#"    "Topic$": { "Type": "AWS::SNS::Topic", "Properties": { "DisplayName": "no. $" } }"#,
    r#"    "Bucket$": {
      "Type": "AWS::S3::Bucket",
      "Properties": {
        "BucketEncryption": {
          "ServerSideEncryptionConfiguration": [
            {
              "ServerSideEncryptionByDefault": {
                "SSEAlgorithm": "AES256"
              }
            }
          ]
        },
        "VersioningConfiguration": {
          "Status": "Enabled"
        }
      }
    }"#,
    r#"    "Alarm$": {
      "Type": "AWS::CloudWatch::Alarm",
      "Properties": {
        "MetricName": "Errors",
        "Namespace": "AWS/Lambda",
        "Threshold": 1,
        "Dimensions": [
          {
            "Name": "FunctionName",
            "Value": { "Ref": "Function$" }
          }
        ]
      }
    }"#,
];
