//! What templates are mostly made of: resources, as YAML and as JSON.
//!
//! They are as long as resources of real templates, and hold what those hold: policies, inline
//! code, build specifications, comments, functions in each of their forms. `~` stands for a
//! number of their own, `@` for the declaration of a mutability value. Nothing here knows what a
//! template is made for.

/// Resources of one format.
pub(crate) struct Stock {
    /// ECR repositories, the shortest first.
    pub(crate) ecr_repositories: &'static [&'static str],
    /// Resources of other types.
    pub(crate) others: &'static [&'static str],
}

pub(crate) const YAML: Stock = Stock {
    ecr_repositories: &[
        "  Images~:
    Type: AWS::ECR::Repository
    Properties:
      RepositoryName: service-~
@",
        "  # Images of service ~
  Images~:
    Type: AWS::ECR::Repository
    DeletionPolicy: Retain
    UpdateReplacePolicy: Retain
    Properties:
      RepositoryName: !Sub '${Stage}/service-~'
@      ImageScanningConfiguration:
        ScanOnPush: true
      EncryptionConfiguration:
        EncryptionType: KMS
        KmsKey: !GetAtt Key~.Arn
      LifecyclePolicy:
        LifecyclePolicyText: |
          {
            \"rules\": [
              {
                \"rulePriority\": 1,
                \"description\": \"Keep the last 30 images\",
                \"selection\": {
                  \"tagStatus\": \"any\",
                  \"countType\": \"imageCountMoreThan\",
                  \"countNumber\": 30
                },
                \"action\": { \"type\": \"expire\" }
              }
            ]
          }
      Tags:
        - Key: service
          Value: 'no. ~'
",
        "  Repository~:
    Type: AWS::ECR::Repository
    Properties:
@      RepositoryName: !Join ['-', [!Ref Project, images, '~']]
      RepositoryPolicyText:
        Version: '2012-10-17'
        Statement:
          - Sid: AllowPull
            Effect: Allow
            Principal:
              AWS:
                - !Sub 'arn:aws:iam::${AWS::AccountId}:root'
                - !Sub arn:aws:iam::${ProductionAccount}:root
            Action:
              - ecr:GetDownloadUrlForLayer
              - ecr:BatchGetImage
              - ecr:BatchCheckLayerAvailability
",
    ],
    others: &[
        "  Role~:
    Type: AWS::IAM::Role
    Properties:
      RoleName: !Sub '${AWS::StackName}-role-~'
      AssumeRolePolicyDocument:
        Version: '2012-10-17'
        Statement:
          - Effect: Allow
            Principal: {Service: [lambda.amazonaws.com, ecs-tasks.amazonaws.com]}
            Action: ['sts:AssumeRole']
      ManagedPolicyArns:
        - arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole
        - arn:aws:iam::aws:policy/AWSXRayDaemonWriteAccess
      Policies:
        - PolicyName: tables
          PolicyDocument:
            Version: '2012-10-17'
            Statement:
              - Effect: Allow
                Action:
                  - dynamodb:GetItem
                  - dynamodb:PutItem
                  - dynamodb:Query
                Resource:
                  - !GetAtt Table~.Arn
                  - !Sub '${Table~.Arn}/index/*'
              - Effect: Allow
                Action: kms:Decrypt
                Resource: !ImportValue key-~
                Condition:
                  StringEquals:
                    'kms:ViaService': !Sub 'dynamodb.${AWS::Region}.amazonaws.com'
",
        "  Policy~:
    Type: AWS::IAM::Policy
    Properties:
      PolicyName: build-~
      Roles:
        - !Ref Role~
      PolicyDocument:
        Version: 2012-10-17
        Statement:
          - Sid: Logs
            Effect: Allow
            Action:
              - logs:CreateLogGroup
              - logs:CreateLogStream
              - logs:PutLogEvents
            Resource: !Sub 'arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:log-group:/build/~:*'
          - Sid: Images
            Effect: Allow
            Action:
              - ecr:GetAuthorizationToken
              - ecr:BatchCheckLayerAvailability
              - ecr:InitiateLayerUpload
              - ecr:UploadLayerPart
              - ecr:CompleteLayerUpload
              - ecr:PutImage
            Resource: '*'   # GetAuthorizationToken knows no other
",
        "  Function~:
    Type: AWS::Lambda::Function
    DependsOn: Role~
    Properties:
      Description: Cleans up behind stack ~
      Handler: index.handler
      Runtime: python3.12
      MemorySize: 256
      Timeout: 60
      Role: !GetAtt Role~.Arn
      Environment:
        Variables:
          STAGE: !Ref Stage
          TABLE: !ImportValue 'table-~'
          LOG_LEVEL: !If [IsProduction, WARNING, DEBUG]
      Code:
        ZipFile: |
          import json
          import os

          import boto3
          import cfnresponse

          table = boto3.resource(\"dynamodb\").Table(os.environ[\"TABLE\"])


          def handler(event, context):
              # Deleting is all that there is to do.
              try:
                  if event[\"RequestType\"] == \"Delete\":
                      for item in table.scan()[\"Items\"]:
                          table.delete_item(Key={\"id\": item[\"id\"]})
                  print(json.dumps({\"stack\": event[\"StackId\"], \"done\": True}))
                  cfnresponse.send(event, context, cfnresponse.SUCCESS, {})
              except Exception as error:
                  print(f\"failed: {error}\")
                  cfnresponse.send(event, context, cfnresponse.FAILED, {})
      Tags:
        - Key: Name
          Value: !Join ['-', [!Ref 'AWS::StackName', cleaner, '~']]
",
        "  Subnet~:
    Type: AWS::EC2::Subnet
    Properties:
      VpcId: !Ref Vpc
      CidrBlock: !Select [1, !Cidr [!GetAtt Vpc.CidrBlock, 8, 8]]
      AvailabilityZone: !Select
        - 0
        - !GetAZs ''
      MapPublicIpOnLaunch: false
      Tags:
        - Key: Name
          Value: !Sub ${AWS::StackName} private (AZ1)
",
        "  Route~:
    Type: AWS::EC2::Route
    Properties:
      RouteTableId:
        Ref: RouteTable~
      DestinationCidrBlock: 0.0.0.0/0
      NatGatewayId:
        Ref: NatGateway~

  Association~:
    Type: AWS::EC2::SubnetRouteTableAssociation
    Properties:
      SubnetId: !Ref Subnet~
      RouteTableId: !Ref RouteTable~

",
        "  SecurityGroup~:
    Type: AWS::EC2::SecurityGroup
    Properties:
      GroupDescription: Lets the load balancer reach the service, and nobody else.
      VpcId: {Ref: Vpc}
      SecurityGroupIngress:
        - Description: HTTPS from anywhere
          IpProtocol: tcp
          FromPort: 443
          ToPort: 443
          CidrIp: 0.0.0.0/0
        - {IpProtocol: tcp, FromPort: 8080, ToPort: 8080, SourceSecurityGroupId: !GetAtt Balancer~.GroupId}
      SecurityGroupEgress:
        - IpProtocol: '-1'
          CidrIp: 10.0.0.0/8
",
        "  Build~:
    Type: AWS::CodeBuild::Project
    Condition: IsProduction
    Properties:
      Name: !Sub '${AWS::StackName}-build-~'
      ServiceRole: !GetAtt Role~.Arn
      Artifacts:
        Type: CODEPIPELINE
      Environment:
        Type: LINUX_CONTAINER
        ComputeType: BUILD_GENERAL1_SMALL
        Image: aws/codebuild/amazonlinux2-x86_64-standard:5.0
        PrivilegedMode: true
        EnvironmentVariables:
          - Name: AWS_ACCOUNT_ID
            Value: !Ref AWS::AccountId
          - Name: IMAGE_REPO_NAME
            Value: !Ref Images~
      Source:
        Type: CODEPIPELINE
        BuildSpec: !Sub |
          version: 0.2
          phases:
            pre_build:
              commands:
                - echo Logging in to Amazon ECR...
                - aws ecr get-login-password | docker login --username AWS --password-stdin ${AWS::AccountId}.dkr.ecr.${AWS::Region}.amazonaws.com
                - COMMIT_HASH=$(echo $CODEBUILD_RESOLVED_SOURCE_VERSION | cut -c 1-7)
            build:
              commands:
                - docker build -t $IMAGE_REPO_NAME:$COMMIT_HASH .
            post_build:
              commands:
                - docker push $IMAGE_REPO_NAME:$COMMIT_HASH
                - printf '[{\"name\":\"app\",\"imageUri\":\"%s\"}]' $IMAGE_REPO_NAME:$COMMIT_HASH > images.json
          artifacts:
            files: images.json
      TimeoutInMinutes: 20
",
        "  LogGroup~:
    Type: AWS::Logs::LogGroup
    Properties:
      LogGroupName: !Sub '/ecs/${AWS::StackName}/~'
      RetentionInDays: 30
",
        "  Bucket~:
    Type: AWS::S3::Bucket
    DeletionPolicy: Retain
    Properties:
      BucketEncryption:
        ServerSideEncryptionConfiguration:
          - ServerSideEncryptionByDefault:
              SSEAlgorithm: AES256 # as the audit wants it
      PublicAccessBlockConfiguration:
        BlockPublicAcls: true
        BlockPublicPolicy: true
        IgnorePublicAcls: true
        RestrictPublicBuckets: true
      VersioningConfiguration:
        Status: Enabled
      LifecycleConfiguration:
        Rules:
          - Id: expire
            Status: Enabled
            ExpirationInDays: 90

",
        "  TaskDefinition~:
    Type: AWS::ECS::TaskDefinition
    Properties:
      Family: !Sub '${AWS::StackName}-~'
      Cpu: !Ref Cpu
      Memory: !Ref Memory
      NetworkMode: awsvpc
      RequiresCompatibilities:
        - FARGATE
      ExecutionRoleArn: !Ref Role~
      ContainerDefinitions:
        - Name: app
          Image: !Join
            - ''
            - - !Ref 'AWS::AccountId'
              - .dkr.ecr.
              - !Ref 'AWS::Region'
              - .amazonaws.com/
              - !Ref Images~
              - ':'
              - !Ref ImageTag
          Essential: true
          PortMappings:
            - ContainerPort: 8080
          Environment:
            - Name: JAVA_OPTS
              Value: >-
                -XX:MaxRAMPercentage=75
                -Dserver.port=8080
            - Name: STAGE
              Value: !FindInMap [Stages, !Ref Stage, Name]
          LogConfiguration:
            LogDriver: awslogs
            Options:
              awslogs-group: !Ref LogGroup~
              awslogs-region: !Ref AWS::Region
              awslogs-stream-prefix: app
          HealthCheck:
            Command: [CMD-SHELL, \"curl -f http://localhost:8080/health || exit 1\"]
            Interval: 30
",
        "  Topic~: {Type: AWS::SNS::Topic, Properties: {DisplayName: 'no. ~', FifoTopic: false}}
",
        "  Alarm~:
    Type: AWS::CloudWatch::Alarm
    Properties:
      AlarmDescription: \"Errors of function ~; see the runbook\"
      MetricName: Errors
      Namespace: AWS/Lambda
      Statistic: Sum
      Period: 300
      EvaluationPeriods: 1
      Threshold: 1
      ComparisonOperator: GreaterThanOrEqualToThreshold
      Dimensions:
        - Name: FunctionName
          Value: !Ref Function~
      AlarmActions:
        - Fn::ImportValue:
            Fn::Sub: ${Project}-alarms
",
    ],
};

/// The same as JSON, without the commas between them.
pub(crate) const JSON: Stock = Stock {
    ecr_repositories: &[
        r#"    "Images~": {
      "Type": "AWS::ECR::Repository",
      "Properties": {@
        "RepositoryName": "service-~"
      }
    }"#,
        r#"    "Images~": {
      "Type": "AWS::ECR::Repository",
      "Properties": {
        "RepositoryName": "service-~",@
        "ImageScanningConfiguration": {
          "ScanOnPush": true
        },
        "LifecyclePolicy": {
          "LifecyclePolicyText": "{\"rules\":[{\"rulePriority\":1,\"selection\":{\"tagStatus\":\"any\",\"countType\":\"imageCountMoreThan\",\"countNumber\":30},\"action\":{\"type\":\"expire\"}}]}"
        },
        "Tags": [
          {
            "Key": "service",
            "Value": "no. ~"
          }
        ]
      },
      "UpdateReplacePolicy": "Retain",
      "DeletionPolicy": "Retain",
      "Metadata": {
        "aws:cdk:path": "Stack~/Images/Resource"
      }
    }"#,
        r#"    "Repository~": {
      "Type": "AWS::ECR::Repository",
      "Properties": {@
        "RepositoryName": { "Fn::Join": ["-", [{ "Ref": "Project" }, "images", "~"]] },
        "RepositoryPolicyText": {
          "Version": "2012-10-17",
          "Statement": [
            {
              "Sid": "AllowPull",
              "Effect": "Allow",
              "Principal": {
                "AWS": { "Fn::Sub": "arn:aws:iam::${AWS::AccountId}:root" }
              },
              "Action": [
                "ecr:GetDownloadUrlForLayer",
                "ecr:BatchGetImage",
                "ecr:BatchCheckLayerAvailability"
              ]
            }
          ]
        }
      }
    }"#,
    ],
    others: &[
        r#"    "Role~": {
      "Type": "AWS::IAM::Role",
      "Properties": {
        "AssumeRolePolicyDocument": {
          "Version": "2012-10-17",
          "Statement": [
            {
              "Action": "sts:AssumeRole",
              "Effect": "Allow",
              "Principal": {
                "Service": "lambda.amazonaws.com"
              }
            }
          ]
        },
        "ManagedPolicyArns": [
          {
            "Fn::Join": [
              "",
              [
                "arn:",
                {
                  "Ref": "AWS::Partition"
                },
                ":iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
              ]
            ]
          }
        ]
      },
      "Metadata": {
        "aws:cdk:path": "Stack~/Handler/ServiceRole/Resource"
      }
    }"#,
        r#"    "Policy~": {
      "Type": "AWS::IAM::Policy",
      "Properties": {
        "PolicyDocument": {
          "Statement": [
            {
              "Action": [
                "s3:Abort*",
                "s3:DeleteObject*",
                "s3:GetBucket*",
                "s3:GetObject*",
                "s3:List*",
                "s3:PutObject"
              ],
              "Effect": "Allow",
              "Resource": [
                {
                  "Fn::GetAtt": [
                    "Bucket~",
                    "Arn"
                  ]
                },
                {
                  "Fn::Join": [
                    "",
                    [
                      {
                        "Fn::GetAtt": [
                          "Bucket~",
                          "Arn"
                        ]
                      },
                      "/*"
                    ]
                  ]
                }
              ]
            }
          ],
          "Version": "2012-10-17"
        },
        "PolicyName": "Policy~",
        "Roles": [
          {
            "Ref": "Role~"
          }
        ]
      }
    }"#,
        r#"    "Function~": {
      "Type": "AWS::Lambda::Function",
      "DependsOn": ["Policy~", "Role~"],
      "Properties": {
        "Handler": "index.handler",
        "Runtime": "nodejs20.x",
        "MemorySize": 256,
        "Timeout": 900,
        "Role": { "Fn::GetAtt": ["Role~", "Arn"] },
        "Environment": {
          "Variables": {
            "STAGE": { "Ref": "Stage" },
            "TABLE": { "Fn::ImportValue": "table-~" }
          }
        },
        "Code": {
          "ZipFile": "const { ECRClient, ListImagesCommand } = require(\"./client-ecr\");\n\nexports.handler = async (event) => {\n  // no. ~\n  const client = new ECRClient({});\n  const images = await client.send(new ListImagesCommand({ repositoryName: event.name }));\n  return { statusCode: 200, body: JSON.stringify(images.imageIds) };\n};\n"
        }
      }
    }"#,
        r#"    "Subnet~": {
      "Type": "AWS::EC2::Subnet",
      "Properties": {
        "AvailabilityZone": {
          "Fn::Select": [
            0,
            {
              "Fn::GetAZs": ""
            }
          ]
        },
        "CidrBlock": "10.0.0.0/18",
        "MapPublicIpOnLaunch": true,
        "Tags": [
          {
            "Key": "aws-cdk:subnet-name",
            "Value": "Public"
          },
          {
            "Key": "Name",
            "Value": "Stack~/Vpc/PublicSubnet1"
          }
        ],
        "VpcId": {
          "Ref": "Vpc"
        }
      }
    }"#,
        r#"    "Route~": {
      "Type": "AWS::EC2::Route",
      "Properties": {
        "DestinationCidrBlock": "0.0.0.0/0",
        "GatewayId": {
          "Ref": "Gateway"
        },
        "RouteTableId": {
          "Ref": "RouteTable~"
        }
      },
      "DependsOn": [
        "GatewayAttachment"
      ]
    }"#,
        r#"    "SecurityGroup~": {
      "Type": "AWS::EC2::SecurityGroup",
      "Properties": {
        "GroupDescription": "Stack~/Service/SecurityGroup",
        "SecurityGroupEgress": [
          {
            "CidrIp": "0.0.0.0/0",
            "Description": "Allow all outbound traffic by default",
            "IpProtocol": "-1"
          }
        ],
        "SecurityGroupIngress": [
          { "IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "CidrIp": "10.0.0.0/8" }
        ],
        "VpcId": {
          "Ref": "Vpc"
        }
      }
    }"#,
        r#"    "Bucket~": {
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
        "PublicAccessBlockConfiguration": {
          "BlockPublicAcls": true,
          "BlockPublicPolicy": true,
          "IgnorePublicAcls": true,
          "RestrictPublicBuckets": true
        },
        "VersioningConfiguration": {
          "Status": "Enabled"
        }
      },
      "UpdateReplacePolicy": "Delete",
      "DeletionPolicy": "Delete"
    }"#,
        r#"    "Task~": {
      "Type": "AWS::ECS::TaskDefinition",
      "Properties": {
        "ContainerDefinitions": [
          {
            "Essential": true,
            "Image": {
              "Fn::Sub": "${AWS::AccountId}.dkr.ecr.${AWS::Region}.${AWS::URLSuffix}/service-~:${ImageTag}"
            },
            "LogConfiguration": {
              "LogDriver": "awslogs",
              "Options": {
                "awslogs-group": {
                  "Ref": "LogGroup~"
                },
                "awslogs-stream-prefix": "app",
                "awslogs-region": {
                  "Ref": "AWS::Region"
                }
              }
            },
            "Name": "app",
            "PortMappings": [
              {
                "ContainerPort": 8080,
                "Protocol": "tcp"
              }
            ]
          }
        ],
        "Cpu": "256",
        "ExecutionRoleArn": {
          "Fn::GetAtt": [
            "Role~",
            "Arn"
          ]
        },
        "Family": "Stack~Task",
        "Memory": "512",
        "NetworkMode": "awsvpc",
        "RequiresCompatibilities": [
          "FARGATE"
        ]
      }
    }"#,
        r#"    "Topic~": { "Type": "AWS::SNS::Topic", "Properties": { "DisplayName": "no. ~" } }"#,
        r#"    "Alarm~": {
      "Type": "AWS::CloudWatch::Alarm",
      "Properties": {
        "MetricName": "Errors",
        "Namespace": "AWS/Lambda",
        "Threshold": 1,
        "Dimensions": [
          {
            "Name": "FunctionName",
            "Value": { "Ref": "Function~" }
          }
        ]
      }
    }"#,
    ],
};
